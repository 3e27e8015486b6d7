//! Publishing: head office's own words about products, taxes, people, settings and opening stock.
//!
//! A publication says how things shall be; what becomes of it is one event that names the heads it had seen, so that an edit made
//! elsewhere meanwhile is noticed. Publishing what stands already writes nothing, and the goods of a named document are booked once.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::amount::{Quantity, Rate, UnitPrice};
use daybook_core::chain::Hash;
use daybook_core::event::Event;
use daybook_core::event::description::{
    ProductChanged, ProductCreated, ProductFields, SettingsChanged, SettingsFields, StaffChanged,
    StaffCreated, StaffFields, TaxChanged, TaxComponent, fields_of,
};
use daybook_core::event::origin::ConflictAnswered;
use daybook_core::event::sale::LineKind;
use daybook_core::event::stock::{Received, StockLine};
use daybook_core::identity::pin::Pin;
use daybook_core::ids::{ProductId, StaffId, StoreId, TaxId};
use daybook_core::limits::{CODE_CHARS_MAX, NAME_CHARS_MAX};
use daybook_core::secret::Secret;
use daybook_store::office::received;
use daybook_store::views::questions;
use daybook_store::{Reader, StoreError, events};
use serde::{Deserialize, Serialize};

use super::people::{Named, prepared};
use super::{Office, OfficeError, Readers, setup};

/// Publications taken into one commit.
const PUBLICATIONS_PER_COMMIT: usize = 1_000;

/// Something head office says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// A tax class with one tax.
    Tax {
        /// Name of the class, such as `standard`.
        class: String,
        /// As people call it.
        name: String,
        /// Who levies it.
        jurisdiction: String,
        /// The rate in per cent, such as `19`.
        rate: String,
    },
    /// A product, by its SKU.
    Product {
        /// Stock-keeping code.
        sku: String,
        /// Name on shelf and receipt.
        name: String,
        /// Department.
        department: Option<String>,
        /// Barcodes and other codes.
        #[serde(default)]
        codes: Vec<String>,
        /// Name of its tax class.
        tax_class: String,
        /// Whether its stock is tracked.
        #[serde(default)]
        tracked: bool,
        /// Price of one unit, in ten-thousandths of a minor unit.
        price: UnitPrice,
        /// The unit: `each`, `kg`…
        #[serde(default)]
        unit: Option<String>,
    },
    /// A person, by staff number. Their name and PIN stand in no event.
    Staff {
        /// Staff number.
        number: String,
        /// Their name, as colleagues say it.
        name: Secret<String>,
        /// Their PIN, of 4 to 8 digits; left out, they keep the one they have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pin: Option<Pin>,
        /// Role.
        role: String,
        /// The store, by name; none for all.
        store: Option<String>,
    },
    /// Goods in a store, booked as received: those of a named document once, however often it is published, those of none each time.
    Stock {
        /// The store, by name.
        store: String,
        /// SKUs and how much of each.
        lines: Vec<(String, Quantity)>,
        /// The supplier's document, such as the number of a delivery note.
        #[serde(default)]
        document: Option<String>,
    },
    /// Settings of a store, by name, or of the organisation.
    Settings {
        /// The store; none for the organisation.
        store: Option<String>,
        /// What changes.
        fields: SettingsFields,
    },
}

/// What became of publications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Events written.
    pub events: u64,
    /// People whose name, PIN, role or store is another.
    pub people: u64,
}

impl Office {
    /// Publishes; what stands already is not written again.
    pub async fn publish(&self, publications: Vec<Publication>) -> Result<Published, OfficeError> {
        let mut published = Published::default();
        // What stands already is looked up in the read models, and after a start or a restore these may still be on their way.
        let stored = self
            .ask(|readers| Ok(events::last_position(&readers.log).map_err(StoreError::of_log)?))
            .await?;
        self.projected(stored).await?;
        for chunk in publications.chunks(PUBLICATIONS_PER_COMMIT) {
            let mut stores = BTreeMap::new();
            for publication in chunk {
                if let Publication::Staff { store: Some(name), .. }
                | Publication::Stock { store: name, .. }
                | Publication::Settings { store: Some(name), .. } = publication
                {
                    stores.insert(name.clone(), self.store_named(name).await?);
                }
            }
            let ids: Vec<uuid::Uuid> = chunk.iter().map(|_| setup::new_uuid(&self.0.settings)).collect();
            let wanted: Vec<(Publication, uuid::Uuid)> = chunk.iter().cloned().zip(ids).collect();
            let settings = self.0.settings.clone();
            let (described, people) = self
                .ask(move |readers| {
                    let mut events = Vec::new();
                    let mut new = New::default();
                    for (publication, id) in wanted {
                        events.extend(describe(readers, publication, id, &stores, &mut new)?);
                    }
                    let people = prepared(readers, &settings, new.named)?;
                    Ok::<_, OfficeError>((events, people))
                })
                .await?;
            published.people += people.len() as u64;
            if !described.is_empty() {
                let done = self.record(described, None).await?;
                published.events += done.events;
                self.projected(done.position).await?;
            }
            // After the events: who is named is known, and publishing once more mends what a crash in between left out.
            self.keep_people(people).await?;
        }
        Ok(published)
    }

    /// Answers a conflict as head office, on the evidence as it stands.
    pub async fn answer(&self, conflict: &str, option: &str) -> Result<(), OfficeError> {
        let all = self.conflicts(None, true).await?;
        let record = all.into_iter().find(|record| record.conflict.id == conflict);
        let record =
            record.ok_or_else(|| OfficeError::Senseless(format!("there is no conflict '{conflict}'")))?;
        if !record.conflict.choices.iter().any(|choice| choice.code == option) {
            let codes: Vec<&str> =
                record.conflict.choices.iter().map(|choice| choice.code.as_str()).collect();
            return Err(OfficeError::Senseless(format!(
                "'{option}' is no answer to it; choose one of: {}",
                codes.join(", ")
            )));
        }
        let (conflict, evidence, option) = (record.conflict.id, record.conflict.evidence, option.to_owned());
        let answered: Event = ConflictAnswered { conflict, evidence, option }.into();
        let written = self.record(vec![(answered, Vec::new())], None).await?;
        self.projected(written.position).await
    }
}

type Described = Option<(Event, Vec<Hash>)>;

/// What earlier publications of the same commit say.
#[derive(Default)]
struct New {
    products: BTreeMap<String, ProductId>,
    taxes: BTreeSet<String>,
    documents: BTreeSet<(StoreId, String)>,
    staff: BTreeMap<String, StaffId>,
    /// What is to be kept beside the log.
    named: Vec<Named>,
}

fn describe(
    Readers { log, views, .. }: &Readers,
    publication: Publication,
    id: uuid::Uuid,
    stores: &BTreeMap<String, StoreId>,
    new: &mut New,
) -> Result<Described, OfficeError> {
    match publication {
        Publication::Tax { class, name, jurisdiction, rate } => {
            let rate = Rate::percent(&rate)
                .ok_or_else(|| OfficeError::Senseless(format!("'{rate}' is no tax rate in per cent")))?;
            let tax = questions::taxes(views, &class)?
                .unwrap_or_default()
                .first()
                .map_or(TaxId(id), |known| known.tax);
            new.taxes.insert(class.clone());
            let components = vec![TaxComponent { tax, jurisdiction, rate }];
            unless_so(views, TaxChanged { class, name, components, valid_from: None }.into())
        }
        Publication::Product { sku, name, department, codes, tax_class, tracked, price, unit } => {
            check_text("SKU", &sku, CODE_CHARS_MAX)?;
            check_text("name", &name, NAME_CHARS_MAX)?;
            codes.iter().try_for_each(|code| check_text("code", code, CODE_CHARS_MAX))?;
            if !tax_class.is_empty()
                && !new.taxes.contains(&tax_class)
                && questions::taxes(views, &tax_class)?.is_none()
            {
                return Err(OfficeError::Senseless(format!(
                    "product '{sku}' is in the tax class '{tax_class}', which nobody has described; publish that class first"
                )));
            }
            let known = match questions::product_named(views, &sku)? {
                Some((_, other)) if other != sku => {
                    return Err(OfficeError::Senseless(format!(
                        "'{sku}' is a code of the product '{other}' and cannot be another product's SKU"
                    )));
                }
                Some((product, _)) => Some(product),
                None => new.products.get(&sku).copied(),
            };
            let fields = ProductFields {
                sku: Some(sku.clone()),
                name: Some(name),
                department,
                kind: Some(LineKind::Goods),
                codes: Some(codes),
                tax_class: Some(tax_class),
                tracked: Some(tracked),
                discountable: None,
                unit,
                price: Some(price),
                cost: None,
                archived: None,
            };
            match known {
                Some(product) => unless_so(views, ProductChanged { product, fields }.into()),
                None => {
                    new.products.insert(sku, ProductId(id));
                    unless_so(views, ProductCreated { product: ProductId(id), fields }.into())
                }
            }
        }
        Publication::Staff { number, name, pin, role, store } => {
            check_text("staff number", &number, CODE_CHARS_MAX)?;
            check_text("name", name.reveal(), NAME_CHARS_MAX)?;
            if let Some(Err(error)) = pin.as_ref().map(Pin::check_choice) {
                return Err(OfficeError::Senseless(format!("staff number '{number}': {error}")));
            }
            let known = questions::staff(views, None)?.into_iter().find(|(_, known, _)| *known == number);
            let known = known.map(|(staff, ..)| staff).or_else(|| new.staff.get(&number).copied());
            let staff = known.unwrap_or(StaffId(id));
            new.staff.insert(number.clone(), staff);
            let store = store.and_then(|name| stores.get(&name).copied());
            let fields = StaffFields { number: Some(number), role: Some(role), store, active: Some(true) };
            let described = match known {
                Some(staff) => unless_so(views, StaffChanged { staff, fields }.into()),
                None => unless_so(views, StaffCreated { staff, fields }.into()),
            }?;
            new.named.push(Named { staff, name, pin, told: described.is_some() });
            Ok(described)
        }
        Publication::Stock { store, lines, document } => {
            let store = stores
                .get(&store)
                .copied()
                .ok_or_else(|| OfficeError::Senseless(format!("there is no store '{store}'")))?;
            if let Some(document) = &document {
                check_text("document", document, CODE_CHARS_MAX)?;
                let booked = received(log, store, document).map_err(StoreError::of_log)?;
                if booked || !new.documents.insert((store, document.clone())) {
                    return Ok(None);
                }
            }
            let line = |(sku, quantity): (String, Quantity)| {
                let product =
                    questions::product_of_code(views, &sku)?.or_else(|| new.products.get(&sku).copied());
                Ok::<_, OfficeError>(StockLine { product, sku, quantity, unit_cost: None })
            };
            let lines = lines.into_iter().map(line).collect::<Result<_, _>>()?;
            Ok(Some((Received { store, lines, currency: None, document }.into(), Vec::new())))
        }
        Publication::Settings { store, fields } => {
            let store = store.and_then(|name| stores.get(&name).copied());
            unless_so(views, SettingsChanged { store, fields }.into())
        }
    }
}

/// The event with the heads it has seen, unless every field it sets stands just so already.
fn unless_so(views: &Reader, event: Event) -> Result<Described, OfficeError> {
    let wanted = match &event {
        Event::ProductCreated(e) => fields_of(&e.fields),
        Event::ProductChanged(e) => fields_of(&e.fields),
        Event::TaxChanged(e) => fields_of(e),
        Event::SettingsChanged(e) => fields_of(&e.fields),
        Event::StaffCreated(e) => fields_of(&e.fields),
        Event::StaffChanged(e) => fields_of(&e.fields),
        _ => BTreeMap::new(),
    };
    let subject = event.stream();
    let standing = questions::fields(views, &subject)?;
    if wanted.iter().all(|(name, value)| standing.get(name) == Some(value)) {
        return Ok(None);
    }
    let heads = questions::heads(views, &subject)?;
    Ok(Some((event, heads)))
}

fn check_text(what: &str, text: &str, chars_max: usize) -> Result<(), OfficeError> {
    if text.is_empty() || text.chars().count() > chars_max || text.chars().any(char::is_control) {
        return Err(OfficeError::Senseless(format!(
            "a {what} needs 1 to {chars_max} characters and none that control a device"
        )));
    }
    Ok(())
}
