//! How far pulls are: bars on a terminal, plain lines elsewhere. Listens only.

use std::collections::BTreeMap;

use connector_host::work::{Host, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::output;

/// Shows progress until it is dropped.
pub(crate) struct Shown {
    task: JoinHandle<()>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Shows the progress of a host's pulls on standard error. `quiet`: not at all.
pub(crate) fn show(host: &Host, quiet: bool) -> Shown {
    let mut heard = host.progress();
    let task = tokio::spawn(async move {
        if quiet {
            return;
        }
        let mut view: Box<dyn View + Send> = if output::is_watched() { Box::new(Bars::default()) } else { Box::new(Lines::default()) };
        loop {
            match heard.recv().await {
                Ok(progress) => view.show(&progress),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    Shown { task }
}

trait View {
    fn show(&mut self, progress: &Progress);
}

#[derive(Default)]
struct Bars {
    all: MultiProgress,
    runs: BTreeMap<i64, ProgressBar>,
}

impl View for Bars {
    fn show(&mut self, progress: &Progress) {
        let bar = self.runs.entry(progress.run).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(u64::from(progress.total.unwrap_or(0))));
            if let Ok(style) = ProgressStyle::with_template("  {msg:14} {bar:32} {pos}/{len}") {
                bar.set_style(style);
            }
            bar.set_message(progress.entity);
            bar
        });
        if let Some(total) = progress.total {
            bar.set_length(u64::from(total));
        }
        bar.set_position(u64::from(progress.done));
        if progress.ended {
            bar.finish();
        }
    }
}

#[derive(Default)]
struct Lines {
    /// The tenth that was last shown, by run.
    tenths: BTreeMap<i64, u32>,
}

impl View for Lines {
    fn show(&mut self, progress: &Progress) {
        let total = progress.total.unwrap_or(progress.done).max(1);
        let tenth = progress.done.saturating_mul(10) / total;
        let before = self.tenths.insert(progress.run, tenth);
        // One line a tenth: a log is not a terminal.
        if progress.ended || before != Some(tenth) {
            let end = if progress.ended { ", done" } else { "" };
            output::aside(&format!("  {}: {}/{total}{end}", progress.entity, progress.done));
        }
    }
}
