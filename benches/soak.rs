//! Many programs: ever new shapes, in eager operations and in a jitted function. The caches are bounded, so
//! that memory and memory maps of the process stay as they are once the caches are full.
//!
//! `cargo bench --bench soak -- [--eager N] [--jitted N] [--json FILE]`

use nnx::Array;
use nnx::jit::{cache_limits, cached_programs};
use std::error::Error;
use std::io::Write;
use std::time::Instant;

#[nnx::jit(graph = false)]
fn jitted(x: &Array) -> Array {
    (x * 2.0 + 1.0).tanh().sum(..)
}

/// Megabytes of memory in use, and memory maps, of the process. Zeros where the system does not say.
fn taken() -> (f64, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|n| n.trim().trim_end_matches(" kB").parse::<f64>().ok());
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    (kilobytes.unwrap_or(0.0) / 1024.0, maps.lines().count())
}

struct Soak {
    json: Option<std::fs::File>,
    started: Instant,
}

impl Soak {
    fn line(&mut self, kind: &str, made: usize) -> Result<(f64, usize), Box<dyn Error>> {
        let (memory, maps) = taken();
        let (kept, seconds) = (cached_programs(), self.started.elapsed().as_secs_f64());
        println!("{kind:>7} {made:>7} {kept:>7} {memory:>10.0} {maps:>8} {seconds:>9.0}");
        if let Some(json) = &mut self.json {
            writeln!(
                json,
                "{{\"bench\":\"soak\",\"case\":\"{kind}={made}\",\"kept\":{kept},\
                 \"memory_mb\":{memory:.1},\"maps\":{maps}}}"
            )?;
        }
        Ok((memory, maps))
    }

    /// Makes `count` programs; the growth in the second half is the outcome.
    fn run(
        &mut self,
        kind: &str,
        count: usize,
        make: impl Fn(usize),
    ) -> Result<(), Box<dyn Error>> {
        let mut half = (0.0, 0);
        for n in 1..=count {
            make(n);
            if n % (count / 10).max(1) == 0 {
                let now = self.line(kind, n)?;
                if n <= count / 2 {
                    half = now;
                }
            }
        }
        let (memory, maps) = taken();
        let (megabytes, more_maps) = (memory - half.0, maps as i64 - half.1 as i64);
        println!(
            "{kind}: in the second half, memory grew by {megabytes:.0} MB, memory maps by {more_maps}"
        );
        // Half as many programs as the caches keep must have been made, for a half to say something.
        let is_full = count / 2 >= cache_limits().programs;
        if is_full && (megabytes > memory * 0.05 || more_maps > maps as i64 / 10) {
            return Err(format!("{kind}: programs are kept that should have made room").into());
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut eager, mut many_jitted, mut json) = (50_000, 10_000, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--eager" => eager = value()?.parse()?,
            "--jitted" => many_jitted = value()?.parse()?,
            "--json" => json = Some(std::fs::File::create(value()?)?),
            _ => {}
        }
    }
    let limits = cache_limits();
    println!("limits: {} programs, {} memory maps", limits.programs, limits.maps);
    println!(
        "{:>7} {:>7} {:>7} {:>10} {:>8} {:>9}",
        "", "made", "kept", "memory MB", "maps", "seconds"
    );
    let mut soak = Soak { json, started: Instant::now() };
    soak.line("start", 0)?;
    // The uploads make no programs.
    let array = |n: usize| Array::from_slice(&vec![1.0_f32; n], [n]);
    soak.run("eager", eager, |n| drop(-array(n)))?;
    soak.run("jitted", many_jitted, |n| {
        let sum = jitted(&array(n)).item::<f32>();
        assert!((sum / n as f32 - 3_f32.tanh()).abs() < 1e-3, "{n}: {sum}");
    })?;
    Ok(())
}
