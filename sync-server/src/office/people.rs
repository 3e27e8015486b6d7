//! Names and PINs: what head office knows of people beside the log, and how tills get to know it.
//!
//! An event says that somebody works here and as what; their name and what their PIN is told by lie in a file of their own, where both can
//! be changed and forgotten. Tills are told that the list has another revision, and ask for it sealed to themselves.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use daybook_core::identity::certificate::Certificate;
use daybook_core::identity::pin::{Pin, PinVerifier, Salt};
use daybook_core::identity::sealed::SealingKey;
use daybook_core::ids::{RequestId, StaffId, StoreId};
use daybook_core::limits::PEOPLE_MAX;
use daybook_core::secret::Secret;
use daybook_core::sync::scope;
use daybook_core::wire::{FeedHint, ListedPerson, PeopleAnswer, PeopleList, people_bound_to};
use daybook_store::StoreError;
use daybook_store::people::office::{self as people, Person};
use daybook_store::views::questions;

use super::{Office, OfficeError, Readers, Refusal, Settings};

/// What a publication says about a person that no event may hold.
pub(super) struct Named {
    pub(super) staff: StaffId,
    pub(super) name: Secret<String>,
    pub(super) pin: Option<Pin>,
    /// Whether an event says something new about them, such as another store.
    pub(super) told: bool,
}

impl Office {
    /// Makes up a new PIN for a person, by staff number. It is told once and kept nowhere; wrong tries at the old one are forgotten.
    pub async fn new_pin(&self, number: &str) -> Result<Pin, OfficeError> {
        let pin = random_pin(&self.0.settings);
        let (number, given, settings) = (number.to_owned(), pin.clone(), self.0.settings.clone());
        let asked = move |readers: &Readers| {
            let known = questions::staff(&readers.views, None)?.into_iter().find(|(_, of, _)| *of == number);
            let person = known.map(|(staff, ..)| people::person(&readers.people, staff)).transpose()?;
            let person = person.flatten().ok_or_else(|| {
                OfficeError::Senseless(format!(
                    "nobody with the staff number '{number}' has a name here yet; publish them with their name first"
                ))
            })?;
            let named = Named { staff: person.staff, name: person.name, pin: Some(given), told: false };
            prepared(readers, &settings, vec![named])
        };
        let changed = self.ask(asked).await?;
        self.keep_people(changed).await?;
        Ok(pin)
    }

    /// Keeps people as [`prepared`], and tells tills.
    pub(super) async fn keep_people(&self, changed: Vec<Person>) -> Result<(), OfficeError> {
        if changed.is_empty() {
            return Ok(());
        }
        let (inner, now) = (self.0.clone(), self.now());
        let kept = tokio::task::spawn_blocking(move || {
            inner.people.lock().unwrap_or_else(PoisonError::into_inner).put(now, &changed)
        });
        let revision = kept.await.map_err(|error| OfficeError::Unexpected(error.to_string()))??;
        let _nobody_listens =
            self.0.hints.send(FeedHint { scope: scope::CREDENTIALS.to_owned(), position: revision });
        Ok(())
    }

    /// The list of people for a till, sealed to the key it names; only the revision where the till has that one.
    pub async fn people(
        &self,
        request: RequestId,
        certificate: &Certificate,
        key: SealingKey,
        known: Option<i64>,
    ) -> Result<PeopleAnswer, Refusal> {
        let store = certificate.store.ok_or_else(|| {
            Refusal::Forbidden("names and PINs are told to tills only, each those of its store".to_owned())
        })?;
        let (epoch, origin) = (self.epoch(), certificate.origin);
        let mut random = [0; 32];
        self.0.settings.randomness.fill(&mut random);
        // The revision is read with the rows it is of; the same list in an answer that was lost is sealed anew.
        let (revision, list) =
            self.ask(move |readers| list_of(readers, store)).await.map_err(Refusal::from)?;
        if known == Some(revision) {
            return Ok(PeopleAnswer { request, epoch, revision, sealed: None });
        }
        let text = serde_json::to_vec(&list).map_err(|error| Refusal::Failed(error.to_string()))?;
        let sealed = key.seal(random, &people_bound_to(origin, request, revision), &text);
        let sealed =
            sealed.ok_or_else(|| Refusal::Malformed("nothing can be sealed to this key".to_owned()))?;
        Ok(PeopleAnswer { request, epoch, revision, sealed: Some(sealed) })
    }
}

/// Who may act in a store, with what is known of them; in the order of their numbers.
fn list_of(
    Readers { people, views, .. }: &Readers,
    store: StoreId,
) -> Result<(i64, PeopleList), OfficeError> {
    let (revision, known) = people::list(people).map_err(StoreError::of_log)?;
    let mut known: BTreeMap<StaffId, Person> =
        known.into_iter().map(|person| (person.staff, person)).collect();
    let working = questions::staff(views, Some(store))?;
    let listed = working.into_iter().filter_map(|(staff, ..)| known.remove(&staff));
    let people = listed.map(|Person { staff, name, pin }| ListedPerson { staff, name, pin }).collect();
    Ok((revision, PeopleList { people }))
}

/// The people that change, as they shall be kept. What stands already changes nobody; a PIN that somebody has already stays theirs with
/// its salt, and wrong tries at it with it.
pub(super) fn prepared(
    Readers { people, .. }: &Readers,
    settings: &Settings,
    named: Vec<Named>,
) -> Result<Vec<Person>, OfficeError> {
    let mut changed: BTreeMap<StaffId, Person> = BTreeMap::new();
    let mut new = 0;
    for Named { staff, name, pin, told } in named {
        let before = people::person(people, staff)?;
        new += usize::from(before.is_none() && !changed.contains_key(&staff));
        let standing = changed.remove(&staff).or_else(|| before.clone());
        let had = standing.as_ref().and_then(|person| person.pin.clone());
        let has = |had: &PinVerifier, pin: &Pin| had.cost == settings.pin_cost && had.is_of(pin);
        let pin = match (pin, had) {
            (None, had) => had,
            (Some(pin), Some(had)) if has(&had, &pin) => Some(had),
            (Some(pin), _) => Some(verifier(&pin, settings)?),
        };
        let person = Person { staff, name, pin };
        if told || before.as_ref() != Some(&person) {
            changed.insert(staff, person);
        }
    }
    if people::count(people)? + new > PEOPLE_MAX {
        return Err(OfficeError::Senseless(format!(
            "an organisation can name {PEOPLE_MAX} people, and these would be more; nothing was published"
        )));
    }
    Ok(changed.into_values().collect())
}

fn verifier(pin: &Pin, settings: &Settings) -> Result<PinVerifier, OfficeError> {
    let mut salt = [0; 16];
    settings.randomness.fill(&mut salt);
    PinVerifier::new(pin, Salt(salt), settings.pin_cost).ok_or_else(|| {
        OfficeError::Unexpected("the work set for a look at a PIN is more than tills would do".to_owned())
    })
}

/// A PIN of six digits, none of those that are tried first.
fn random_pin(settings: &Settings) -> Pin {
    loop {
        let mut random = [0; 8];
        settings.randomness.fill(&mut random);
        if let Some(pin) = Pin::from_random(random) {
            return pin;
        }
    }
}
