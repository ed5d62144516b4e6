//! Rows of a table that are measured in turns: what else the machine does falls on all of them alike, so their ratios mean something.

use std::hint::black_box;
use std::pin::Pin;
use std::time::{Duration, Instant};

use connector_host::contract::types::Context;
use connector_host::sandbox::Connector;
use tokio::runtime::{Builder, Runtime};

/// Turns; each measures every row once. The median counts.
const TURNS: usize = 15;

/// So many calls, one after the other.
type Calls = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One row of the table: so many calls, on so many threads.
pub struct Row {
    name: String,
    runtime: Runtime,
    threads: u32,
    call: Box<dyn Fn(u32) -> Calls>,
    times: Vec<Duration>,
}

/// One thread, for what happens once.
pub fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl Row {
    pub fn new<F: Future<Output = ()> + Send + 'static>(name: &str, threads: u32, call: impl Fn(u32) -> F + 'static) -> Row {
        let runtime = match threads {
            1 => one_thread(),
            _ => Builder::new_multi_thread().worker_threads(threads as usize).enable_all().build().unwrap(),
        };
        Row { name: name.to_owned(), runtime, threads, call: Box::new(move |calls| Box::pin(call(calls))), times: Vec::new() }
    }

    /// A function of this process.
    pub fn of_function<T>(name: &str, threads: u32, call: impl Fn() -> T + Clone + Send + 'static) -> Row {
        Row::new(name, threads, move |calls| {
            let call = call.clone();
            async move {
                for _ in 0..calls {
                    black_box(call());
                }
            }
        })
    }

    /// Calls of a connector in its sandbox, as the host makes them: the cheapest there is.
    pub fn of_sandbox(name: &str, threads: u32, connector: &Connector, context: Context) -> Row {
        let connector = connector.clone();
        Row::new(name, threads, move |calls| {
            let (connector, context) = (connector.clone(), context.clone());
            async move {
                for _ in 0..calls {
                    let outcome = connector.map_product(&context, b"{}").await;
                    black_box(outcome.result.unwrap().unwrap());
                }
            }
        })
    }

    fn turn(&mut self, calls: u32) {
        let begun = Instant::now();
        let all: Vec<_> = (0..self.threads).map(|_| self.runtime.spawn((self.call)(calls))).collect();
        self.runtime.block_on(async {
            for one in all {
                one.await.unwrap();
            }
        });
        self.times.push(begun.elapsed() / (calls * self.threads));
    }

    fn median(&mut self) -> Duration {
        self.times.sort();
        self.times[self.times.len() / 2]
    }
}

/// Measures the rows in turns, so many calls each, and prints them beside the first one.
pub fn table(title: &str, mut rows: Vec<Row>, calls: u32) {
    for row in &mut rows {
        row.turn(calls / 4);
        row.times.clear();
    }
    for _ in 0..TURNS {
        for row in &mut rows {
            row.turn(calls);
        }
    }
    println!("\n{title}");
    let first = rows[0].median();
    for row in &mut rows {
        let median = row.median();
        let ratio = median.as_secs_f64() / first.as_secs_f64();
        println!("  {:<50} {:>9.2} µs  {ratio:>5.2} ×", row.name, median.as_secs_f64() * 1e6);
    }
}
