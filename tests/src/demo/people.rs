//! The people of the demo shop: who they are, and the PINs made up for them, kept in a file that only its owner can read.
//!
//! A shop would never keep PINs anywhere. The demo does, because whoever tries it out is all three people at once.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use daybook_core::identity::pin::Pin;
use daybook_core::secret::Secret;
use daybook_server::office::Publication;
use serde::{Deserialize, Serialize};

const FILE: &str = "demo-pins.json";
/// Number, name and role of each.
const PEOPLE: [(&str, &str, &str); 3] =
    [("1", "Ana", "cashier"), ("2", "Ben", "cashier"), ("9", "Maria", "manager")];

/// The people of a demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DemoPeople(Vec<DemoPerson>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DemoPerson {
    number: String,
    name: String,
    role: String,
    pin: Pin,
}

impl DemoPeople {
    /// Those of a home; made up with new PINs the first time.
    pub(super) fn of(home: &Path) -> anyhow::Result<Self> {
        if let Some(people) = DemoPeople::read(home)? {
            return Ok(people);
        }
        let person = |(number, name, role): (&str, &str, &str)| DemoPerson {
            number: number.to_owned(),
            name: name.to_owned(),
            role: role.to_owned(),
            pin: random_pin(),
        };
        let people = DemoPeople(PEOPLE.into_iter().map(person).collect());
        let path = home.join(FILE);
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        file.write_all(serde_json::to_string_pretty(&people)?.as_bytes())?;
        Ok(people)
    }

    /// Those of a home; none where no demo was played in it.
    pub(super) fn read(home: &Path) -> anyhow::Result<Option<Self>> {
        let path = home.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map(Some).with_context(|| {
                format!("{} is not understood; remove it, and the demo makes another", path.display())
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// The PIN of a staff number.
    pub(super) fn pin(&self, number: &str) -> Option<Pin> {
        self.0.iter().find(|person| person.number == number).map(|person| person.pin.clone())
    }

    /// What head office says of them.
    pub(super) fn publications(&self) -> impl Iterator<Item = Publication> {
        self.0.iter().map(|person| Publication::Staff {
            number: person.number.clone(),
            name: Secret::new(person.name.clone()),
            pin: Some(person.pin.clone()),
            role: person.role.clone(),
            store: None,
        })
    }

    /// One line for each of them.
    pub(super) fn words(&self) -> String {
        let line = |person: &DemoPerson| {
            let DemoPerson { number, name, role, pin } = person;
            format!("{name}, {role}, staff number {number}: PIN {}\n", pin.reveal())
        };
        self.0.iter().map(line).collect()
    }
}

fn random_pin() -> Pin {
    loop {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the operating system gives random numbers");
        if let Some(pin) = Pin::from_random(random) {
            return pin;
        }
    }
}
