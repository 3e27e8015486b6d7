//! Names and PINs at head office: who gets the list, that nobody else can read it, and that nothing of it shows anywhere.

use daybook_core::identity::pin::{Pin, PinVerifier};
use daybook_core::identity::sealed::OpeningKey;
use daybook_core::sync::scope;
use daybook_core::wire::{
    HandshakeAnswer, HandshakeRequest, PeopleAnswer, PeopleList, ProblemCode, people_bound_to,
};
use daybook_server::office::Published;

use super::world::{Till, World};

fn person(number: &str, name: &str, store: &str, pin: &str) -> String {
    format!(
        r#"{{"staff": {{"number": "{number}", "name": "{name}", "role": "cashier", "store": {store}, "pin": {pin}}}}}"#
    )
}

async fn publish(world: &World, people: &[String]) -> Result<Published, String> {
    let publications = serde_json::from_str(&format!("[{}]", people.join(","))).map_err(|e| e.to_string())?;
    world.running.office.publish(publications).await.map_err(|error| error.to_string())
}

async fn asked(till: &Till, key: &OpeningKey, revision: &str) -> (PeopleAnswer, Option<PeopleList>) {
    let target = format!("/v1/people?key={}{revision}", key.public().text());
    let request = till.sign("GET", &target, Vec::new());
    let answer: PeopleAnswer = till.send(&request).await.json();
    let bound = people_bound_to(till.origin, request.request, answer.revision);
    let list = answer.sealed.as_ref().map(|sealed| {
        serde_json::from_slice(&key.open(sealed, &bound).expect("sealed to this key")).expect("a list")
    });
    (answer, list)
}

fn names(list: &PeopleList) -> Vec<&str> {
    list.people.iter().map(|person| person.name.reveal().as_str()).collect()
}

#[tokio::test]
async fn a_till_gets_the_people_of_its_store_and_of_all_sealed_to_itself() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let other = world.till("Low Street", "Till 2", 2).await;
    let people = [
        person("1", "Ana Maria", "\"High Street\"", "\"7391\""),
        person("2", "Ben", "\"Low Street\"", "null"),
        person("3", "Cem", "null", "null"),
    ];
    assert_eq!(publish(&world, &people).await, Ok(Published { events: 3, people: 3 }));
    let key = OpeningKey::from_random([9; 32]);
    let (answer, list) = asked(&till, &key, "").await;
    let list = list.unwrap();
    assert_eq!(names(&list), ["Ana Maria", "Cem"]);
    let is_hers = |pin: &PinVerifier| pin.is_of(&Pin::parse("7391").unwrap());
    assert!(list.people[0].pin.as_ref().is_some_and(is_hers) && list.people[1].pin.is_none());
    let text = serde_json::to_string(&answer).unwrap();
    // A sealed text has no spaces, so none of it looks like her name by chance.
    assert!(!text.contains("Ana Maria"), "names travel sealed too");
    assert_eq!(names(&asked(&other, &key, "").await.1.unwrap()), ["Ben", "Cem"]);

    let (short, list) = asked(&till, &key, &format!("&revision={}", answer.revision)).await;
    assert_eq!((short.revision, list), (answer.revision, None), "an unchanged list answers short");
    assert!(asked(&till, &key, "&revision=1").await.1.is_some());
    let handshake = HandshakeRequest::of(till.origin, 1);
    let shaken: HandshakeAnswer = till.post("/v1/handshake", &handshake).await.json();
    assert_eq!(shaken.scopes[scope::CREDENTIALS], answer.revision);
    world.running.stop().await;
}

#[tokio::test]
async fn names_and_pins_go_to_tills_that_name_a_good_key_and_to_nobody_else() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let key = OpeningKey::from_random([9; 32]).public().text();
    let stranger = Till::new(7, &world);
    let mut office = Till::new(9, &world);
    (office.origin, office.key) = (world.running.office.origin(), world.running.office.key().clone());
    let target = format!("/v1/people?key={key}");
    assert_eq!(stranger.get(&target).await.problem(), (401, ProblemCode::UnknownOrigin));
    assert_eq!(office.get(&target).await.problem(), (403, ProblemCode::Forbidden));
    let weak = "A".repeat(43);
    for wrong in ["/v1/people", "/v1/people?key=short", &format!("/v1/people?key={weak}")] {
        assert_eq!(till.get(wrong).await.problem(), (400, ProblemCode::Malformed), "{wrong}");
    }
    assert_eq!(till.get(&format!("{target}&revision=last")).await.problem(), (400, ProblemCode::Malformed));
    world.running.stop().await;
}

#[tokio::test]
async fn what_stands_already_changes_nobody_and_a_new_name_or_pin_does() {
    let world = World::start().await;
    let till = world.till("High Street", "Till 1", 1).await;
    let key = OpeningKey::from_random([9; 32]);
    let ana = |name: &str, pin: &str| [person("1", name, "null", pin)];
    assert_eq!(publish(&world, &ana("Ana", "\"7391\"")).await, Ok(Published { events: 1, people: 1 }));
    let (first, list) = asked(&till, &key, "").await;
    assert_eq!(publish(&world, &ana("Ana", "\"7391\"")).await, Ok(Published::default()));
    assert_eq!(publish(&world, &ana("Ana", "null")).await, Ok(Published::default()));
    let (same, unchanged) = asked(&till, &key, "").await;
    assert_eq!((same.revision, unchanged), (first.revision, list.clone()), "not even the salt");

    assert_eq!(publish(&world, &ana("Anna", "null")).await, Ok(Published { events: 0, people: 1 }));
    let (renamed, renamed_list) = asked(&till, &key, "").await;
    assert!(renamed.revision > first.revision);
    let (list, renamed_list) = (list.unwrap(), renamed_list.unwrap());
    assert_eq!((names(&renamed_list), &renamed_list.people[0].pin), (vec!["Anna"], &list.people[0].pin));
    let made = world.running.office.new_pin("1").await.unwrap();
    let (_, repinned) = asked(&till, &key, "").await;
    let pin = repinned.unwrap().people[0].pin.clone().unwrap();
    assert!(pin.is_of(&made) && Some(pin.salt) != list.people[0].pin.as_ref().map(|pin| pin.salt));
    let nobody = world.running.office.new_pin("99").await.unwrap_err().to_string();
    assert!(nobody.contains("'99'") && nobody.contains("publish them"), "{nobody}");
    world.running.stop().await;
}

#[tokio::test]
async fn a_pin_that_is_none_or_tried_first_is_refused_without_being_repeated() {
    let world = World::start().await;
    for (pin, expected) in [
        ("\"1234\"", "tries first"),
        ("\"0000\"", "tries first"),
        ("\"739\"", "4 to 8 digits"),
        ("73912", "4 to 8 digits"),
        ("\"seven391\"", "4 to 8 digits"),
    ] {
        let refused = publish(&world, &[person("1", "Ana", "null", pin)]).await.unwrap_err();
        assert!(refused.contains(expected), "{refused}");
        let digits = pin.trim_matches('"');
        // The sentence names 1234 and 0000 itself, to everybody.
        assert!(!refused.contains(digits) || ["1234", "0000"].contains(&digits), "{refused}");
    }
    let (health, nameless) = (
        world.running.office.health().await.unwrap(),
        publish(&world, &[r#"{"staff": {"number": "1", "role": "cashier", "store": null}}"#.to_owned()])
            .await,
    );
    assert!(nameless.unwrap_err().contains("name"));
    assert_eq!(world.running.office.health().await.unwrap().events, health.events, "nothing was written");
    world.running.stop().await;
}

#[tokio::test]
async fn neither_name_nor_pin_stands_in_the_log_or_in_the_read_models() {
    let world = World::start().await;
    publish(&world, &[person("1", "Anastasia", "null", "\"73914258\"")]).await.unwrap();
    let data = world.data.path().to_owned();
    world.running.stop().await;
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!holds("73914258"), "{}", path.display());
        let is_peoples = path.file_name().unwrap().to_string_lossy().starts_with("people.db");
        assert!(!holds("Anastasia") || is_peoples, "{}", path.display());
    }
}
