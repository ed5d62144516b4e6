//! The command line: what a person types to run connectors. Parses words, calls the host, prints; decides nothing itself.
//!
//! Exit codes: 0 done, 1 it did not work out, 2 the words were wrong. Every failure is one clear line.
// The comments of options are what `--help` prints: an address stands there as people type it.
#![allow(rustdoc::bare_urls)]

// First: the others print with its macro.
#[macro_use]
mod output;

mod call;
mod check;
mod connect;
mod copies;
mod demo;
mod events;
mod home;
mod inspect;
mod letters;
mod login;
mod moving;
mod operator;
mod orders;
mod privacy;
mod progress;
mod serve;
mod sim;
mod succession;
mod sync;
mod trying;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::output::Problem;

/// Runs connectors between Nobi Pro and other retail systems, sandboxed: the Nhanh.vn connector is built in.
///
/// Run `connector demo` first: it needs nothing and leaves its data behind to look at. Then `connector try`: the same with your own hands.
#[derive(Parser)]
#[command(name = "connector", version, propagate_version = true, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show everything at work: a simulated Nhanh.vn, a whole pull, orders, webhooks, and a summary that adds up.
    ///
    /// Ends with the command that opens the connection page on what it built.
    Demo(demo::Demo),
    /// Try it in a browser: the connection page with a simulated Nhanh.vn that stays, until Ctrl-C.
    ///
    /// Prints where to look, who signs in, and what to click next.
    Try(trying::Try),
    /// Run a simulated Nhanh.vn as a server of its own, with a page: levels, orders, webhooks, faults, requests, ledger.
    Sim(sim::Sim),
    /// Run the host: the connection page, webhooks and logins over HTTP, pulls and orders in the background.
    ///
    /// Prints the page's address and, at the first start, who signs in. On a folder that `demo` made: --dir DIR --tenant demo.
    Serve(serve::Serve),
    /// Make an account for the connection page.
    Operator(operator::Operator),
    /// Make a connection, or log in again: prints the addresses to copy and the login address, and takes the landing address.
    Connect(connect::Connect),
    /// Move a connection to another version of Nhanh.vn's API, or to another app, by one login.
    Move(moving::Move),
    /// Have another connection take over from one: the shop moved to another business.
    HandOver(succession::HandOver),
    /// Show records whose pair a person has to confirm, and confirm all that are clear in one go.
    Pairs(succession::Pairs),
    /// Check a connection, line by line, and say how to mend what fails.
    Check(check::Check),
    /// Pull from the other side: branch, product, … with progress.
    Sync(sync::Sync),
    /// Orders on their way out.
    Orders(orders::Orders),
    /// What waits for a person, grouped by cause: list it, look into it, try it again, set it aside.
    DeadLetters(letters::DeadLetters),
    /// Show what became of a connection, in a list that only grows.
    Events(events::Events),
    /// Copy the host's data to a file, also while another process serves.
    Backup(copies::Backup),
    /// Bring a copy back as the host's data.
    Restore(copies::Restore),
    /// Write everything that is held of a connection or of one customer to a file, secrets left out.
    Export(privacy::Export),
    /// Erase one customer, and say what is still at Nhanh.vn.
    Erase(privacy::Erase),
    /// Cut a connection: forget its token and secrets; with --purge its links and history, too.
    Disconnect(privacy::Disconnect),
    /// Show what a component is: size, digest, world, imports, exports, descriptor.
    Inspect(inspect::Inspect),
    /// Write the built-in Nhanh.vn component to a file.
    Pack(inspect::Pack),
    /// Call a pure export of any component with plain JSON, and print plain JSON.
    Call(call::Call),
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("CONNECTOR_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // Without colours: those are what a terminal obeys, too.
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| output::Log).with_ansi(false).init();
    // The provider can be installed once only; a second try is no failure.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Problem::Failed(error.into()).report(),
    };
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Demo(demo) => demo.run().await,
            Command::Try(trying) => trying.run().await,
            Command::Sim(sim) => sim.run().await,
            Command::Serve(serve) => serve.run().await,
            Command::Operator(operator) => operator.run().await,
            Command::Connect(connect) => connect.run().await,
            Command::Move(moving) => moving.run().await,
            Command::HandOver(over) => over.run().await,
            Command::Pairs(pairs) => pairs.run().await,
            Command::Check(check) => check.run().await,
            Command::Sync(sync) => sync.run().await,
            Command::Orders(orders) => orders.run().await,
            Command::DeadLetters(letters) => letters.run().await,
            Command::Events(events) => events.run().await,
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Export(export) => export.run().await,
            Command::Erase(erase) => erase.run().await,
            Command::Disconnect(disconnect) => disconnect.run().await,
            Command::Inspect(inspect) => inspect.run().await,
            Command::Pack(pack) => pack.run(),
            Command::Call(call) => call.run().await,
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.report(),
    }
}
