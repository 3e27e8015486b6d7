//! Stories of a till that joins a store while the network is at its worst.

use daybook_tests::world::{MONDAY_MORNING, StoryTill, World, knows_its_people};
use daybook_till::EnrolError;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Carries what a till says to head office, and refusals back; the answer that it waits for is kept.
async fn answer_swallower(office: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut is_answered = false;
        while !is_answered {
            let (till, _) = listener.accept().await.expect("the till");
            let office = TcpStream::connect(office.trim_start_matches("http://")).await.expect("head office");
            let ((mut asked, mut answer), (mut answered, mut ask)) = (till.into_split(), office.into_split());
            let forward = tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = asked.read(&mut buffer).await {
                    ask.write_all(&buffer[..read]).await.expect("forwarded");
                }
            });
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = answered.read(&mut buffer).await {
                is_answered = buffer.starts_with(b"HTTP/1.1 200");
                if is_answered {
                    break;
                }
                answer.write_all(&buffer[..read]).await.expect("refused");
            }
            forward.abort();
        }
    });
    url
}

fn keys(till: &StoryTill) -> Vec<String> {
    let text = std::fs::read_to_string(till.data.join("keys.json")).unwrap();
    serde_json::from_str::<Value>(&text)
        .unwrap()
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "pepper")
        .cloned()
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_whose_answer_was_lost_is_asked_again_by_the_same_origin_also_after_a_crash() {
    let world = World::new().await;
    let (data, journal) = (world.home.path().join("t"), world.home.path().join("t-journal"));
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    let lost = answer_swallower(world.url()).await;
    let error = till.till.enrol(&lost, &code, "Till 1").await.unwrap_err();
    assert!(matches!(error, EnrolError::Network(_)), "{error}");
    assert!(!till.till.is_enrolled());
    let asked = keys(&till);
    assert_eq!(asked.len(), 1);
    till.close().await;

    let mut till = StoryTill::open(&data, &journal, MONDAY_MORNING + 60_000_000);
    till.till
        .enrol(&world.url(), &code, "Till 1")
        .await
        .expect("the code was used by this very till");
    assert_eq!(keys(&till), asked);
    assert_eq!(till.till.tip().unwrap().0.to_string(), asked[0]);
    till.go_online();
    till.wait_for("the catalogue", |till| till.catalogue_size().unwrap_or(0) >= 4 && knows_its_people(till))
        .await;
    till.open_shift();
    let (_, number) = till.sell("tea", 1);
    assert_eq!(number, "Till 1-1", "the first and only till of that name");
    till.sent().await;
    assert_eq!(world.settle().await["totals"]["receipts"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_is_asked_by_another_origin_and_earlier_keys_stay() {
    let world = World::new().await;
    let (data, journal) = (world.home.path().join("t"), world.home.path().join("t-journal"));
    let till = StoryTill::open(&data, &journal, MONDAY_MORNING);
    let code = world.office().enrol_code("High Street", "Till 1").await.unwrap();
    let lost = answer_swallower(world.url()).await;
    till.till.enrol(&lost, &code, "Till 1").await.unwrap_err();
    let first = keys(&till);
    let code = world.office().enrol_code("Low Street", "Till 2").await.unwrap();
    till.till.enrol(&world.url(), &code, "Till 2").await.unwrap();
    let both = keys(&till);
    assert_eq!(both.len(), 2);
    assert!(both.contains(&first[0]));
    assert_ne!(till.till.tip().unwrap().0.to_string(), first[0]);
}
