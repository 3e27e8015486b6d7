//! Makes the pictures of `docs/pictures` from the real window over a demo shop: the same program, engine and keys as the roads of the tests.
//!
//! One story, told once: a new machine, a sale, head office away, what was sold, the close. Each picture is taken where the story passes.
#![allow(clippy::print_stdout, reason = "it says which pictures it made")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::Parser;
use daybook_tests::demo::{Home, Stand, play, stand};
use daybook_tests::driven::{Screen, Window, eventually};

/// Draw the window and take its pictures.
#[derive(Parser)]
struct Arguments {
    /// The till's window.
    #[arg(long, env = "DAYBOOK_WINDOW")]
    window: PathBuf,
    /// Where the pictures go.
    #[arg(long, default_value = "docs/pictures")]
    to: PathBuf,
}

/// What a picture may have in bytes: everybody who copies the repository copies them.
const PICTURE_BYTES_MAX: u64 = 150_000;

const COMPACT: (u32, u32) = (1024, 768);
const STANDARD: (u32, u32) = (1280, 800);
const WIDE: (u32, u32) = (1920, 1080);

/// What a customer brings to the counter.
const BASKET: [&str; 8] = [
    "2057452477254",
    "2062104106499",
    "2079747500140",
    "2053133777217",
    "2010659435823",
    "2007760987624",
    "2097126228935",
    "2062104106499",
];

/// What lies in the drawer at the end of the day: €200.00 first, a cent last. It is as much as there should be.
const COUNTED: [&str; 14] = ["", "", "2", "3", "3", "2", "4", "4", "3", "3", "3", "2", "1", ""];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { window, to } = Arguments::parse();
    std::fs::create_dir_all(&to)?;
    a_new_machine(&window, &to).await?;
    a_sale(&window, &to).await?;
    a_day(&window, &to).await
}

async fn a_new_machine(program: &Path, to: &Path) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let screen = Screen::of(WIDE.0, WIDE.1).await;
    let window = Window::open(&screen, program, home.path(), None).await;
    window.shows(".ways").await;
    Camera { screen: &screen, window: &window, to }.take("first-run", STANDARD).await?;
    window.close().await;
    Ok(())
}

/// A shop in which nothing is out of the ordinary.
async fn a_sale(program: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let home = Home::at(folder.path().to_owned());
    let Stand { running, url, till, pin, .. } = stand(&home, 0, &mut |_| {}).await?;
    drop(till);
    let screen = Screen::of(WIDE.0, WIDE.1).await;
    let window = Window::open(&screen, program, folder.path(), Some(&url)).await;
    let camera = Camera { screen: &screen, window: &window, to };
    window.shows(".person").await;
    window.shows(".pill.good").await;
    camera.take("sign-in", STANDARD).await?;
    window.begin(&screen, &pin).await;
    selling(&camera).await?;
    window.close().await;
    running.stop().await;
    Ok(())
}

/// A shop of three tills with a disagreement, and its head office away.
async fn a_day(program: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let home = Home::at(folder.path().to_owned());
    ensure!(play(&home, &mut |_| {}).await?, "the demo's day does not add up");
    let Stand { running, url, till, pin, .. } = stand(&home, 0, &mut |_| {}).await?;
    drop(till);
    let screen = Screen::of(WIDE.0, WIDE.1).await;
    let window = Window::open(&screen, program, folder.path(), Some(&url)).await;
    let camera = Camera { screen: &screen, window: &window, to };
    window.begin(&screen, &pin).await;
    sell(&camera, &BASKET[4..7]).await;
    sell(&camera, &BASKET).await;
    screen.key("ctrl+2").await;
    window.shows(".history-row .ticks.at_head_office").await;
    eventually("all at head office", async || window.count(".history-row .ticks.here").await == 0).await;
    // Head office is stopped for the rest of the day, and the till sells on.
    running.stop().await;
    sell(&camera, &BASKET[2..4]).await;
    window.shows(".pill.offline").await;
    looking_back(&camera).await?;
    closing(&camera).await?;
    window.close().await;
    Ok(())
}

async fn selling(camera: &Camera<'_>) -> anyhow::Result<()> {
    let Camera { screen, window, .. } = camera;
    scan(camera, &BASKET).await;
    for (name, size) in [("sell", STANDARD), ("sell-1024", COMPACT), ("sell-1920", WIDE)] {
        camera.take(name, size).await?;
    }
    look(camera, "Dark").await;
    camera.take("sell-dark", STANDARD).await?;
    screen.key("plus").await;
    window.shows(".take").await;
    camera.take("tender-dark-1024", COMPACT).await?;
    screen.key("Escape").await;
    look(camera, "Light").await;
    screen.key("F6").await;
    screen.type_slowly("10").await;
    window.press("Damaged").await;
    camera.take("discount", STANDARD).await?;
    screen.key("Escape").await;
    screen.key("plus").await;
    window.shows(".take").await;
    camera.take("tender", STANDARD).await?;
    screen.key("Right").await;
    screen.key("Return").await;
    window.shows(".change").await;
    camera.take("change", STANDARD).await?;
    Ok(())
}

async fn looking_back(camera: &Camera<'_>) -> anyhow::Result<()> {
    let Camera { screen, window, .. } = camera;
    screen.key("ctrl+8").await;
    window.shows(".sync-rows").await;
    camera.take("offline-1024", COMPACT).await?;
    screen.key("ctrl+2").await;
    window.click(".history-row").await;
    window.press("What happened").await;
    window.shows(".timeline").await;
    camera.take("history", STANDARD).await?;
    for (key, shown, name) in [
        ("ctrl+6", ".sheet .figures", "x-report"),
        ("ctrl+7", ".conflicts", "conflicts"),
        ("ctrl+9", ".settings", "settings"),
    ] {
        screen.key(key).await;
        window.shows(shown).await;
        camera.take(name, STANDARD).await?;
    }
    look(camera, "Dark").await;
    screen.key("ctrl+2").await;
    window.click(".history-row:nth-of-type(3)").await;
    window.shows(".document-body").await;
    camera.take("history-dark-1920", WIDE).await?;
    look(camera, "Light").await;
    Ok(())
}

async fn closing(camera: &Camera<'_>) -> anyhow::Result<()> {
    let Camera { screen, window, .. } = camera;
    window.click("[aria-label=Menu]").await;
    window.press("Close shift").await;
    window.press("Count the drawer").await;
    window.shows(".count-rows").await;
    for count in COUNTED {
        screen.write(count).await;
    }
    camera.take("count", STANDARD).await?;
    screen.key("F12").await;
    window.press("Close the shift").await;
    window.shows(".closed-title").await;
    camera.take("z-report", STANDARD).await
}

/// Scans goods; gives when all of them are in the cart.
async fn scan(camera: &Camera<'_>, codes: &[&str]) {
    for code in codes {
        camera.screen.scan(code).await;
    }
    let pieces = format!("{} ", codes.len());
    eventually("the goods in the cart", async || camera.window.text(".pay-count").await.starts_with(&pieces))
        .await;
}

/// Sells goods for exact cash.
async fn sell(camera: &Camera<'_>, codes: &[&str]) {
    scan(camera, codes).await;
    camera.screen.key("plus").await;
    camera.window.shows(".take").await;
    camera.screen.key("Return").await;
    camera.window.shows(".change").await;
}

/// Makes the window light or dark as a person does, and goes back to selling.
async fn look(camera: &Camera<'_>, theme: &str) {
    camera.screen.key("ctrl+9").await;
    camera.window.press(theme).await;
    camera.window.shows(&format!("[data-theme={}]", theme.to_lowercase())).await;
    camera.screen.key("ctrl+1").await;
    camera.window.shows(".sell").await;
}

struct Camera<'a> {
    screen: &'a Screen,
    window: &'a Window,
    to: &'a Path,
}

impl Camera<'_> {
    /// Takes a picture of the window at a size.
    async fn take(&self, name: &str, (width, height): (u32, u32)) -> anyhow::Result<()> {
        self.screen.resize(width, height).await;
        let sized = format!("return innerWidth === {width} && innerHeight === {height}");
        let client = &self.window.client;
        eventually("the size", async || client.execute(&sized, Vec::new()).await.is_ok_and(|so| so == true))
            .await;
        eventually("a border at rest", async || self.window.count(".border-flash").await == 0).await;
        client.execute_async(AT_REST, Vec::new()).await?;
        // What was drawn at another size may still stand in a corner: two looks that are the same show that all is drawn.
        let mut before = client.screenshot().await?;
        loop {
            client.execute_async(AT_REST, Vec::new()).await?;
            let now = client.screenshot().await?;
            if now == before {
                break;
            }
            before = now;
        }
        let path = self.to.join(name).with_extension("png");
        write(&before, &path)?;
        println!("{}", path.display());
        Ok(())
    }
}

/// Calls back when the font is there, nothing moves any more, and what there is has been drawn.
const AT_REST: &str = "const done = arguments[0];
    const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done()));
    document.fonts.ready.then(() =>
        Promise.allSettled(document.getAnimations().map((moving) => moving.finished)).then(drawn));";

/// Writes a picture with as many colours as a screen of ours needs.
fn write(picture: &[u8], path: &Path) -> anyhow::Result<()> {
    let mut convert = Command::new("convert")
        .args(["png:-", "+dither", "-colors", "256", "-strip"])
        .arg(format!("png8:{}", path.display()))
        .stdin(Stdio::piped())
        .spawn()
        .context("`convert` of ImageMagick cannot be started: scripts/prerequisites --walk installs it")?;
    convert.stdin.take().context("its input")?.write_all(picture)?;
    ensure!(convert.wait()?.success(), "{} was not written", path.display());
    let bytes = std::fs::metadata(path)?.len();
    ensure!(
        bytes <= PICTURE_BYTES_MAX,
        "{} has {bytes} bytes, more than {PICTURE_BYTES_MAX}",
        path.display()
    );
    Ok(())
}
