//! `demo`: the whole line at work against a simulated Nhanh.vn, told step by step, and a summary that must add up.

mod api;
mod moving;
mod orders;
mod policies;
mod rules;
mod scene;
mod summary;
mod webhooks;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::nobi::Tally;
use connector_host::store::{RunState, Trigger};
use connector_host::work::Stop;
use nhanh_sim::ShopSize;

use self::api::Api;
pub(crate) use self::orders::order;
use self::scene::Scene;
use crate::output::{self, Outcome, Problem};
use crate::{home, progress};

/// How far the demo goes on to work that is due later, such as a second try. Its clock leaps there.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Show everything at work.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// How large the simulated shop is: small has 200 product rows, medium 2,000, large 10,000.
    #[arg(long, value_enum, default_value_t = Size::Medium)]
    size: Size,
    /// The version of Nhanh.vn's API that the story begins in; at its end the connection moves to the other one. From 2.0, whose support ended on
    /// 2026-11-30, to 3.0 is the way that merchants go.
    #[arg(long, value_enum, default_value_t = Api::Two)]
    api: Api,
    /// Where to leave the data; a new folder under the system's temporary one where none is named. It must be empty.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the summary as JSON on standard output; the story goes to standard error.
    #[arg(long)]
    json: bool,
    /// Seed of the simulated shop: the same seed gives the same shop.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Size {
    Small,
    Medium,
    Large,
}

impl Size {
    pub(crate) fn shop(self) -> ShopSize {
        let medium = ShopSize { depots: 3, ..ShopSize::medium() };
        match self {
            Size::Small => ShopSize { products: 200, ..ShopSize { depots: 3, ..ShopSize::small() } },
            Size::Medium => medium,
            Size::Large => ShopSize { products: 10_000, customers: 5_000, ..medium },
        }
    }
}

/// A whole pull, and what Nhanh had at its end.
struct Pull {
    tally: Tally,
    there: nhanh_sim::Counts,
}

/// Says a line of the story.
fn say(text: impl AsRef<str>) {
    output::asides(text.as_ref());
}

impl Demo {
    pub(crate) async fn run(self) -> Outcome {
        let began = Instant::now();
        let dir = home::fresh(self.dir.as_deref(), "demo")?;
        let scene = Scene::set(&dir, self.seed, self.size.shop(), self.api).await?;
        let shown = progress::show(&scene.home.host, false);

        say("3. Pull everything (đồng bộ lần đầu)");
        let first = Pull { tally: pulled(&scene, click(&scene, &STREAMS).await?).await?, there: scene.nhanh.counts(scene.business) };
        say(told(&first.tally));
        say("4. Pull again: create-only changes nothing that is there");
        let second = pulled(&scene, click(&scene, &STREAMS).await?).await?;
        say(told(&second));

        say("5. Push 20 orders; the first two lose their answers after Nhanh has made them");
        say("   (a new order shows there after a minute; the story's clock leaps over the waiting)");
        let mut pushed = orders::push(&scene, 20).await?;
        say(format!("   {} created, {} found again and adopted, {} failed", pushed.created, pushed.adopted, pushed.failed));

        say("6. Follow the guide's order rules: Đã đối soát, hủy, xóa; and what is not sent");
        let ruled = rules::follow(&scene, &pushed).await?;
        say(format!("   {} of {} rules ended as the guide says", ruled.kept, ruled.rules));

        say("7. Keep stock updated, and take a burst of webhooks");
        scene.home.host.store().set_policy(scene.connection, Entity::Stock, Policy::KeepUpdated).await?;
        let burst = webhooks::burst(&scene).await?;
        say(format!(
            "   {} answered 200, {} refused as forged; {} facts taken in, {} ignored: another business's",
            burst.answered, burst.forged, burst.facts, burst.other_business
        ));

        say("8. Refresh what the webhooks spoke of (coalesced; usually within 15 minutes)");
        scene.home.host.flush_refreshes(scene.connection).await?;
        scene.home.host.work(Stop::Idle(Duration::ZERO)).await?;

        say("9. Policies: create-only drops hints, keep-updated follows, deletes are never undone");
        let policed = policies::apply(&scene).await?;
        for reason in &policed.unsupported {
            say(format!("   {reason}"));
        }

        say("10. Check the connection");
        let checked = scene.home.host.check(scene.connection).await?;
        for line in &checked {
            say(format!("   {}", line.message.vi));
        }

        say(format!("11. Move to API {} by one login, with a pull under way; pull everything again", self.api.other().version()));
        let moved = moving::to_the_other(&scene, &mut pushed).await?;
        say(format!(
            "   {}: {} pairs before, {} after, {} records made anew; {} new order sent, {} of before reconciled",
            moved.steps, moved.before, moved.after, moved.made, moved.sent, moved.reconciled
        ));
        drop(shown);

        let account = summary::Account { scene: &scene, first, second, pushed, ruled, burst, policed, checked, moved };
        let summary = account.draw(began.elapsed()).await?;
        if self.json {
            output::json(&summary)?;
        } else {
            output::lines(summary.to_string().trim_end());
        }
        say(open_the_page(&dir, scene.tenant));
        if summary.balanced { Ok(()) } else { Err(Problem::failed("the books do not balance: see the lines marked `differs`")) }
    }
}

/// How to look at what was built, in a browser, and how to go on. The simulated Nhanh.vn is gone by then.
fn open_the_page(dir: &Path, tenant: &str) -> String {
    format!(
        "To open the connection page on it: {}\n\
         It prints the address and who signs in. What was built is there to look at; this Nhanh.vn has ended with the demo.\n\
         To press the buttons yourself, with a Nhanh.vn that stays: {} try",
        home::serve_words(dir, tenant),
        home::program(),
    )
}

/// Every stream that the connector brings in on a click.
const STREAMS: [Entity; 4] = [Entity::Branch, Entity::Category, Entity::Product, Entity::Customer];

/// Presses the buttons of these streams. One whose pull is under way is left to that.
async fn click(scene: &Scene, streams: &[Entity]) -> Result<Vec<i64>, Problem> {
    let mut runs = Vec::new();
    for entity in streams {
        runs.extend(scene.home.host.sync(scene.connection, *entity, Scope::Everything, Trigger::Click).await?);
    }
    Ok(runs)
}

/// Works until these runs have ended, and adds up what became of their records.
async fn pulled(scene: &Scene, runs: Vec<i64>) -> Result<Tally, Problem> {
    let host = &scene.home.host;
    host.work(Stop::Idle(PATIENCE)).await?;
    let mut tally = Tally::default();
    for run in runs {
        let run = host.store().run(run).await?;
        if run.state != RunState::Done {
            let why =
                run.failure.map_or_else(|| "it did not end".to_owned(), |failure| format!("{} [{}]", failure.message.vi, failure.code));
            return Err(Problem::failed(format!("the pull of {:?} failed: {why}", run.entity)));
        }
        tally.add(&run.tally);
    }
    Ok(tally)
}

fn told(tally: &Tally) -> String {
    let figures: Vec<String> = tally.iter().map(|(key, count)| format!("{key} {count}")).collect();
    format!("   {}", figures.join(", "))
}
