//! `tandem-bench peers`: Tandem and its peers under the same load, in turns.

mod chart;
mod contest;
mod goals;
mod matrix;
mod table;
mod tails;

use anyhow::{Result, bail};

use self::contest::{Contest, Outcome, Terms};
use self::matrix::{Cell, Content, Mode, Selection, Stage};
pub(crate) use self::tails::TailsOptions;
use crate::load::{Pace, Protocol};
use crate::process::{self, Priority};
use crate::progress::Bar;
use crate::results::Kept;
use crate::servers::{FLOOR, Places, Recipe};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PeersOptions {
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    selection: Selection,
    /// Keys, all written before; a tenth of it for carts
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// Windows of each server for each cell, in turns [default: 5; with --goals 6]
    #[arg(long)]
    rounds: Option<usize>,
    /// Twice as long without pipelining, where little of the time is in user mode; half as long
    /// again for sampling the user part
    #[arg(long, default_value_t = 800)]
    window_ms: u64,
    #[arg(long, default_value_t = 150)]
    warm_ms: u64,
    #[command(flatten)]
    kept: Kept,
}

impl PeersOptions {
    pub(crate) fn run(self) -> Result<()> {
        if self.n_rounds() == 0 || self.keys == 0 || self.window_ms == 0 {
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
        let text = format!("{}\n{}", table::rows(&outcomes), goals::report(&outcomes));
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
            .map(|it| Ok((it, self.places.recipes(it)?)))
            .collect::<Result<Vec<_>>>()?;
        let lineup = |stage: Stage| -> Result<Vec<Recipe>> {
            let found = recipes.iter().find(|(protocol, _)| *protocol == stage.protocol);
            self.lineup(stage, found.map_or(&[], |(_, recipes)| recipes))
        };
        let stages: Vec<&[Cell]> = cells.chunk_by(|a, b| a.stage == b.stage).collect();
        let lineups: Vec<Vec<Recipe>> =
            stages.iter().map(|it| lineup(it[0].stage)).collect::<Result<_>>()?;
        let windows = stages.iter().zip(&lineups).map(|(cells, it)| cells.len() * it.len());
        let bar = Bar::steps((windows.sum::<usize>() * self.n_rounds()) as u64);
        let mut outcomes = Vec::new();
        for (cells, recipes) in stages.into_iter().zip(&lineups) {
            let contest = Contest::start(cells[0].stage, recipes, &self.places, self.keys, &bar)?;
            for cell in cells {
                outcomes.push(contest.measure(*cell, self.terms(*cell), &bar)?);
            }
        }
        Ok(outcomes)
    }

    /// The servers of a stage.
    fn lineup(&self, stage: Stage, recipes: &[Recipe]) -> Result<Vec<Recipe>> {
        let mut recipes = recipes.to_vec();
        if self.places.only.is_empty() {
            recipes.retain(|it| !self.selection.leaves_out(stage, &it.name));
        }
        if let (Mode::Pinned, Content::Strings { value_bytes }) = (stage.mode, stage.content)
            && self.places.wants(FLOOR)
        {
            recipes.push(Recipe::floor(stage.protocol, value_bytes)?);
        }
        Ok(recipes)
    }

    fn n_rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.selection.goals { 6 } else { 5 })
    }

    fn terms(&self, cell: Cell) -> Terms {
        let window_ms = if cell.pipeline == 1 { 2 * self.window_ms } else { self.window_ms };
        Terms {
            n_rounds: self.n_rounds(),
            window_ms,
            sampled_ms: window_ms.div_ceil(2),
            warm_ms: self.warm_ms,
            pace: Pace::Closed,
        }
    }
}
