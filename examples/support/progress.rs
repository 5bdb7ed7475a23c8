//! Progress while an epoch runs: a bar on a terminal, a plain line at its end elsewhere.

use crate::history::Epoch;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Steps between two readings of the loss; reading waits for the step.
const READ_EVERY: usize = 10;

/// The progress of one epoch.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    title: String,
}

impl Progress {
    /// Epoch `number` of `epochs`, which takes `steps`.
    pub(crate) fn new(number: usize, epochs: usize, steps: usize) -> Self {
        let title = format!("epoch {number}/{epochs}");
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(steps as u64).with_prefix(title.clone());
            let style = "{prefix} [{bar:30}] {pos}/{len} {msg} {eta}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Progress { bar, title }
    }

    /// Step `step` was started; `loss` is asked for now and then.
    pub(crate) fn step(
        &self,
        step: usize,
        loss: impl FnOnce() -> nnx::Result<f32>,
    ) -> nnx::Result<()> {
        let Some(bar) = self.bar.as_ref().filter(|_| step.is_multiple_of(READ_EVERY)) else {
            return Ok(());
        };
        bar.set_message(format!("loss {:.4}", loss()?));
        bar.set_position(step as u64);
        Ok(())
    }

    /// The epoch ended.
    pub(crate) fn finish(self, epoch: &Epoch, took: Duration) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        println!("{}  {epoch}  {:.1} s", self.title, took.as_secs_f64());
    }
}
