//! `tandem-bench loop`: requests through a session without sockets, for profilers and for counts
//! of instructions that no neighbour disturbs.

use anyhow::Result;

use crate::clock::now_ns;
use crate::front::{Kind, Script, Size};
use crate::process::Cpu;

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct LoopOptions {
    #[arg(value_enum)]
    kind: Kind,
    #[command(flatten)]
    size: Size,
    #[arg(long, short, default_value_t = 5_000_000)]
    requests: u64,
}

impl LoopOptions {
    pub(crate) fn run(self) -> Result<()> {
        let mut script = Script::new(self.kind, self.size)?;
        let n_batches = self.requests.div_ceil(self.size.pipeline as u64);
        let pid = std::process::id();
        let (start_ns, start_cpu) = (now_ns(), Cpu::of(pid)?);
        let mut n_bytes = 0;
        for _ in 0..n_batches {
            n_bytes += script.measured();
        }
        let wall_ns = now_ns() - start_ns;
        let (cpu_ns, _) = Cpu::of(pid)?.since(start_cpu);
        script.check()?;
        let n_requests = n_batches * self.size.pipeline as u64;
        let each = |ns: u64| ns as f64 / n_requests as f64;
        println!(
            "{n_requests} requests: {:.1} ns of CPU time each, {:.1} ns by the clock, \
             {n_bytes} bytes of replies",
            each(cpu_ns),
            each(wall_ns)
        );
        Ok(())
    }
}

const HELP: &str = "\
By function, without filling and checking:
  valgrind --tool=callgrind --toggle-collect='*Script::measured*' tandem-bench loop resp-get
  perf record -g tandem-bench loop resp-get --requests 50000000";
