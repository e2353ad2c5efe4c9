//! `tandem-bench peers`: Tandem and its peers under the same load, in turns.

mod chart;
mod contest;
mod matrix;
mod table;

use anyhow::{Result, bail};

use self::contest::{Contest, Outcome};
use self::matrix::{Cell, Selection, Stage};
use crate::load::Protocol;
use crate::process::{self, Priority};
use crate::progress::Bar;
use crate::results::Kept;
use crate::servers::{Places, Recipe};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PeersOptions {
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    selection: Selection,
    /// Keys, all written before; a tenth of it for carts
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// Windows of each server for each cell, in turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[arg(long, default_value_t = 800)]
    window_ms: u64,
    #[arg(long, default_value_t = 150)]
    warm_ms: u64,
    #[command(flatten)]
    kept: Kept,
}

impl PeersOptions {
    pub(crate) fn run(self) -> Result<()> {
        if self.rounds == 0 || self.keys == 0 || self.window_ms == 0 {
            bail!("rounds, keys and window-ms must be at least 1");
        }
        if self.places.real_time {
            process::run_before_others(Priority::Conductor)?;
        }
        let cells = self.selection.cells();
        if cells.is_empty() {
            bail!("no cell is left: the filters exclude each other");
        }
        let outcomes = self.measure(&cells)?;
        let text = format!("{}\n{}", table::rows(&outcomes), table::goals(&outcomes));
        println!("{text}");
        self.kept.keep("peers", "txt", text.as_bytes())?;
        self.kept.keep("peers", "svg", chart::svg(&outcomes).as_bytes())?;
        self.kept.keep("peers", "json", &serde_json::to_vec_pretty(&outcomes)?)
    }

    fn measure(&self, cells: &[Cell]) -> Result<Vec<Outcome>> {
        let recipes = [Protocol::Resp, Protocol::Memcached]
            .map(|it| cells.iter().any(|cell| cell.stage.protocol == it).then_some(it))
            .into_iter()
            .flatten()
            .map(|it| Ok((it, self.recipes(it)?)))
            .collect::<Result<Vec<_>>>()?;
        let of = |stage: Stage| -> &[Recipe] {
            let found = recipes.iter().find(|(protocol, _)| *protocol == stage.protocol);
            found.map_or(&[], |(_, recipes)| recipes)
        };
        let n_windows: usize = cells.iter().map(|it| of(it.stage).len() * self.rounds).sum();
        let bar = Bar::steps(n_windows as u64);
        let mut outcomes = Vec::new();
        for stage in cells.chunk_by(|a, b| a.stage == b.stage) {
            let first = stage[0].stage;
            let contest = Contest::start(self, first, of(first), &bar)?;
            for cell in stage {
                outcomes.push(contest.measure(*cell, &bar)?);
            }
        }
        Ok(outcomes)
    }

    fn recipes(&self, protocol: Protocol) -> Result<Vec<Recipe>> {
        let mut recipes = self.places.recipes(protocol)?;
        if self.selection.quick && self.places.only.is_empty() {
            recipes.retain(|it| !it.name.starts_with("redis"));
        }
        Ok(recipes)
    }
}
