//! A real Chromium through chromedriver, and what the facts ask of it. Where there is none, a clear line says so and nothing is claimed. It
//! leaves nothing behind, whatever becomes of a fact: no process, no profile.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::axe;

/// How long something may take to show.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long chromedriver may take to say its port.
const START: Duration = Duration::from_secs(30);

/// A browser window of its own process, with a profile of its own.
pub(crate) struct Chromium {
    pub(crate) page: Client,
    window: Window,
    driver: Driver,
}

/// What kind of window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Desk,
    /// Of somebody who wants nothing to move.
    Phone,
    WithoutScripts,
}

/// chromedriver and all that it starts, as one group of processes, and the folder that they write to.
struct Driver {
    process: Child,
    folder: TempDir,
}

/// Says a line that is seen even where a test's own output is not.
pub(crate) fn tell(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Where the build leaves what it made.
pub(crate) fn target() -> Result<PathBuf> {
    let binary = std::env::current_exe()?;
    Ok(binary.ancestors().nth(3).context("the test does not run from a target folder")?.to_owned())
}

impl Driver {
    /// None: there is no chromedriver.
    fn start() -> Result<Option<Driver>> {
        let folder = TempDir::new()?;
        let mut command = Command::new("chromedriver");
        // Sockets, crash reports and caches go to the folder, too.
        for place in ["TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(place, folder.path());
        }
        let started = command.arg("--port=0").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Ok(started.ok().map(|process| Driver { process, folder }))
    }

    /// The port that it listens on.
    fn port(&mut self) -> Result<String> {
        let output = self.process.stdout.take().context("no output")?;
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let said = |line: &String| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned());
            let mut lines = BufReader::<ChildStdout>::new(output).lines().map_while(Result::ok);
            let _ = tell.send(lines.find_map(|line| said(&line)));
            // Nobody reads on, and the driver must not stop for that.
            lines.for_each(drop);
        });
        told.recv_timeout(START).ok().flatten().context("chromedriver did not say its port")
    }
}

impl Driver {
    /// Sends a signal to the whole group. Says whether anybody was there to get it.
    fn signals(&self, signal: &str) -> bool {
        let group = format!("-{}", self.process.id());
        Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The whole group: a driver that is killed alone leaves its browser running.
        self.signals("-KILL");
        let _ = self.process.wait();
        // The folder goes next, and nobody may write to it any more.
        let until = Instant::now() + Duration::from_secs(5);
        while self.signals("-0") && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Chromium {
    /// None: there is no browser on this machine.
    pub(crate) async fn open(window: Window) -> Result<Option<Chromium>> {
        let Some(mut driver) = Driver::start()? else {
            tell("skipped: there is no chromedriver on this machine (apt-get install chromium chromium-driver)");
            return Ok(None);
        };
        let address = format!("http://127.0.0.1:{}", driver.port()?);
        let wishes = wishes(window, &driver.folder.path().join("profile"))?;
        match ClientBuilder::new(HttpConnector::new()).capabilities(wishes).connect(&address).await {
            Ok(page) => Ok(Some(Chromium { page, window, driver })),
            Err(error) if format!("{error:?}").contains("cannot find Chrome binary") => {
                tell("skipped: there is a chromedriver on this machine, but no chromium (apt-get install chromium chromium-driver)");
                Ok(None)
            }
            Err(error) => bail!("chromium did not start: {error}"),
        }
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.page.clone().close().await?;
        drop(self.driver);
        Ok(())
    }

    pub(crate) async fn go(&self, address: &str) -> Result<()> {
        Ok(self.page.goto(address).await?)
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> Result<Element> {
        let found = self.page.wait().at_most(PATIENCE).every(Duration::from_millis(40)).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => bail!("{css}: {error}; {} says: {}", self.page.current_url().await?, self.text().await?),
        }
    }

    /// Does something with an element. A live part of the page may be replaced between the look and the deed: then it is looked for again.
    async fn with<T, D: Future<Output = Result<T, CmdError>>>(&self, css: &str, deed: impl Fn(Element) -> D) -> Result<T> {
        for _ in 0..20 {
            match deed(self.find(css).await?).await {
                Ok(done) => return Ok(done),
                Err(error) if is_replaced(&error) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => return Err(error).with_context(|| css.to_owned()),
            }
        }
        bail!("{css} is replaced without an end")
    }

    pub(crate) async fn click(&self, css: &str) -> Result<()> {
        self.with(css, |element| async move { element.click().await }).await
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) -> Result<()> {
        self.with(css, |field| async move {
            field.clear().await?;
            field.send_keys(text).await
        })
        .await
    }

    /// Presses keys at an element, which gets the focus by it.
    pub(crate) async fn press(&self, css: &str, keys: &str) -> Result<()> {
        self.with(css, |element| async move { element.send_keys(keys).await }).await
    }

    /// The id of what has the focus.
    pub(crate) async fn focus(&self) -> Result<String> {
        let id = self.page.execute("return document.activeElement.id", vec![]).await?;
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn choose(&self, css: &str, value: &str) -> Result<()> {
        self.with(css, |element| async move { element.select_by_value(value).await }).await
    }

    pub(crate) async fn value(&self, css: &str) -> Result<String> {
        let value = self.with(css, |element| async move { element.prop("value").await }).await?;
        value.with_context(|| format!("{css} has no value"))
    }

    /// How many elements there are.
    pub(crate) async fn count(&self, css: &str) -> Result<usize> {
        Ok(self.page.find_all(Locator::Css(css)).await?.len())
    }

    /// All that a person reads.
    pub(crate) async fn text(&self) -> Result<String> {
        let text = self.page.execute("return document.body ? document.body.innerText : ''", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// What an element says.
    pub(crate) async fn read(&self, css: &str) -> Result<String> {
        self.with(css, |element| async move { element.text().await }).await
    }

    /// Waits until an element, which may be replaced meanwhile, says this.
    pub(crate) async fn says(&self, css: &str, wanted: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let script = "const it = document.querySelector(arguments[0]); return it ? it.innerText : ''";
            let text = self.page.execute(script, vec![json!(css)]).await?;
            let text = text.as_str().unwrap_or_default();
            if text.contains(wanted) {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{css} of {} never says {wanted:?}, but {text:?}", self.page.current_url().await?);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until no such element is there: what a click leads to may look like what it led away from.
    pub(crate) async fn lacks(&self, css: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.count(css).await? > 0 {
            ensure!(Instant::now() < until, "{css} stays on {}", self.page.current_url().await?);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What the page's own browser gets from an address of the same host.
    pub(crate) async fn fetch(&self, path: &str) -> Result<String> {
        let script = "const [path, done] = arguments; fetch(path).then((it) => it.text()).then(done, (error) => done(String(error)))";
        let text = self.page.execute_async(script, vec![json!(path)]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Nothing of the page is beyond the right edge.
    pub(crate) async fn fits(&self) -> Result<()> {
        let wide = self.page.execute("return [document.documentElement.scrollWidth, window.innerWidth]", vec![]).await?;
        let (scroll, window) = (wide[0].as_i64().unwrap_or_default(), wide[1].as_i64().unwrap_or_default());
        ensure!(scroll <= window, "{} is {scroll} wide in a window of {window}", self.page.current_url().await?);
        Ok(())
    }

    /// Keeps a picture in `<target>/screenshots`, and lets axe look at the page. Without scripts axe cannot run; the same pages are looked at
    /// with them.
    pub(crate) async fn look(&self, name: &str) -> Result<()> {
        let folder = target()?.join("screenshots");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), self.picture().await?)?;
        match self.window {
            Window::WithoutScripts => Ok(()),
            Window::Desk | Window::Phone => axe::look(&self.page, name).await,
        }
    }

    /// The whole page at a desk, what is in sight on a phone.
    async fn picture(&self) -> Result<Vec<u8>> {
        let script = "window.scrollTo(0, 0);
            return [document.documentElement.scrollHeight, window.outerHeight - window.innerHeight]";
        let high = self.page.execute(script, vec![]).await?;
        if self.window != Window::Desk {
            return Ok(self.page.screenshot().await?);
        }
        let (page, frame) = (high[0].as_u64().unwrap_or_default(), high[1].as_u64().unwrap_or_default());
        self.page.set_window_size(WIDTH, u32::try_from(page + frame)?.clamp(HEIGHT, 4_000)).await?;
        let picture = self.page.screenshot().await?;
        self.page.set_window_size(WIDTH, HEIGHT).await?;
        Ok(picture)
    }
}

/// The element is not there any more, or not yet where it can be reached: another look may find its successor.
fn is_replaced(error: &CmdError) -> bool {
    ["stale element", "not interactable", "click intercepted", "no such element"].iter().any(|word| error.to_string().contains(word))
}

const WIDTH: u32 = 1_360;
const HEIGHT: u32 = 1_000;

fn wishes(window: Window, profile: &std::path::Path) -> Result<Capabilities> {
    let profile = format!("--user-data-dir={}", profile.display());
    let size = format!("--window-size={WIDTH},{HEIGHT}");
    // The first two: root runs it in a container. Nothing of it is told to anybody.
    let args = ["--no-sandbox", "--disable-dev-shm-usage", "--headless=new", "--disable-gpu", "--disable-crash-reporter", "--no-first-run"];
    let args: Vec<Value> = args.iter().copied().chain([size.as_str(), "--lang=vi", &profile]).map(Value::from).collect();
    let mut options = json!({ "args": args });
    match window {
        Window::Desk => {}
        Window::Phone => {
            options["args"].as_array_mut().context("args")?.push(json!("--force-prefers-reduced-motion"));
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0 } });
        }
        Window::WithoutScripts => options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 }),
    }
    serde_json::from_value(json!({ "browserName": "chrome", "goog:chromeOptions": options })).context("the wishes are no capabilities")
}
