//! The real window: the built program in WebKit on a display in memory, driven as a person does, by WebDriver and by real key events.
//!
//! Needs the program (`DAYBOOK_WINDOW`, which `make test` sets), Xvfb, WebKitWebDriver and xdotool; without the program the roads are left
//! out, and that is said.

use std::path::PathBuf;
use std::time::Duration;

use daybook_tests::demo::{Home, Stand, stand};
use fantoccini::{Client, Locator};
use serde_json::json;

use driven::{Screen, Window, eventually};

#[path = "real_window/driven.rs"]
mod driven;

/// The program, or none where it is not built.
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("DAYBOOK_WINDOW").map(PathBuf::from);
    if program.is_none() {
        eprintln!("left out: DAYBOOK_WINDOW names no program; `make test` builds it");
    }
    program
}

async fn shop(home: &tempfile::TempDir) -> Stand {
    stand(&Home::at(home.path().to_owned()), 0, &mut |_| {}).await.expect("a demo shop")
}

async fn begin(screen: &Screen, client: &Client, pin: &str) {
    client
        .wait()
        .for_element(Locator::Css(".person"))
        .await
        .expect("people")
        .click()
        .await
        .expect("a tile");
    client.wait().for_element(Locator::Css(".sign-in")).await.expect("signing in");
    screen.write(pin).await;
    client
        .wait()
        .for_element(Locator::Css(".float-field input"))
        .await
        .expect("a float, which has the keyboard");
    screen.write("150").await;
    client.wait().for_element(Locator::Css(".sell")).await.expect("Sell");
}

async fn lines(client: &Client) -> usize {
    client.find_all(Locator::Css(".lines .line")).await.map_or(0, |found| found.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_scans_and_exact_cash_take_two_keys_and_a_kill_in_mid_sale_brings_the_cart_back() {
    let Some(program) = program() else { return };
    let home = tempfile::tempdir().unwrap();
    let Stand { running, url, till, pin, .. } = shop(&home).await;
    drop(till);
    let screen = Screen::open().await;
    let window = Window::open(&screen, &program, home.path(), &url).await;
    begin(&screen, &window.client, &pin).await;

    for code in ["2014310051636", "2089121071487", "2056843130419"] {
        screen.scan(code).await;
    }
    eventually("three lines", async || lines(&window.client).await == 3).await;
    screen.key("plus").await;
    window.client.wait().for_element(Locator::Css(".take")).await.expect("Tender");
    screen.key("Return").await;
    window
        .client
        .wait()
        .for_element(Locator::Css(".change"))
        .await
        .expect("Change after two keys");
    let totals = async || running.office.totals().await.expect("totals");
    eventually("the sale at head office", async || totals().await["totals"]["receipts"] == json!(1)).await;

    // In mid-sale the machine dies.
    screen.scan("2063622238181").await;
    eventually("the next sale", async || lines(&window.client).await == 1).await;
    window.kill().await;
    let window = Window::open(&screen, &program, home.path(), &url).await;
    begin_again(&screen, &window.client, &pin).await;
    eventually("the cart as it was", async || lines(&window.client).await == 1).await;

    // A second start says that one is running.
    let second = Window::open_beside(&screen, &program, home.path(), &url).await;
    let said = second.client.wait().for_element(Locator::Css("main")).await.expect("a sentence");
    eventually("the sentence", async || said.text().await.is_ok_and(|text| text.contains("already running")))
        .await;
    second.close().await;
    window.close().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_real_scans_are_all_there() {
    let Some(program) = program() else { return };
    let home = tempfile::tempdir().unwrap();
    let Stand { running, url, till, pin, .. } = shop(&home).await;
    drop(till);
    let screen = Screen::open().await;
    let window = Window::open(&screen, &program, home.path(), &url).await;
    begin(&screen, &window.client, &pin).await;
    let codes = [
        "2014310051636",
        "2089121071487",
        "2056843130419",
        "2063622238181",
        "2057452477254",
        "2021987658761",
    ];
    for scan in 0..300 {
        screen.scan(codes[scan % codes.len()]).await;
    }
    let pieces = async || {
        let text = window.client.find(Locator::Css(".pay-count")).await.ok()?.text().await.ok()?;
        text.split_whitespace().find_map(|word| word.parse::<u32>().ok())
    };
    eventually("three hundred pieces", async || pieces().await == Some(300)).await;
    // None of them paid, and none became a line of its own.
    assert_eq!(lines(&window.client).await, codes.len());
    window.close().await;
    running.stop().await;
}

async fn begin_again(screen: &Screen, client: &Client, pin: &str) {
    client
        .wait()
        .for_element(Locator::Css(".person"))
        .await
        .expect("people")
        .click()
        .await
        .expect("a tile");
    screen.write(pin).await;
    client
        .wait()
        .at_most(Duration::from_secs(20))
        .for_element(Locator::Css(".sell"))
        .await
        .expect("Sell");
}
