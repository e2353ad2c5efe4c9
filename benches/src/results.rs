//! Where results are kept: `benches/results`, which git ignores.

use std::path::PathBuf;

use anyhow::{Context, Result};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Kept {
    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = RESULTS)]
    output: PathBuf,
}

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/results");

impl Kept {
    /// Writes one file, named after the bench and the time this program started at.
    pub(crate) fn keep(&self, bench: &str, extension: &str, content: &[u8]) -> Result<()> {
        let stamp = crate::clock::started_at_s();
        let path = self.output.join(format!("{bench}-{stamp}.{extension}"));
        std::fs::create_dir_all(&self.output)
            .and_then(|()| std::fs::write(&path, content))
            .with_context(|| format!("writing {}", path.display()))?;
        println!("kept in {}", path.display());
        Ok(())
    }
}
