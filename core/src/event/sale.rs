//! Payloads of a sale: the cart as it grows, then one completed document that stands alone.
//!
//! Amounts and quantities carry their sign: on a return line they are negative, so sums need no cases. A completed document holds
//! everything its receipt, its taxes, its postings and its later returns need (trade rules 1–14); nothing about it is computed again
//! from prices of another day.

use serde::{Deserialize, Serialize};

use crate::amount::{Currency, Minor, Quantity, Rate, UnitPrice};
use crate::chain::Hash;
use crate::ids::{CustomerId, EventId, ProductId, SaleId, ShiftId, StoreId, TaxId, TillId, VoucherId};

macro_rules! payload {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}
pub(crate) use payload;

macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$word_doc:meta])* $word:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_doc])* $word,)* }
    };
}
pub(crate) use words;

words! {
    /// How a document was begun. It says nothing about the lines that end up in it.
    pub enum BegunAs {
        /// As a sale.
        Sale,
        /// As a return.
        Return,
    }
}
words! {
    /// Whether a line sells or takes back.
    pub enum Direction {
        /// Goods or services go out.
        Sale,
        /// Something comes back.
        Return,
    }
}
words! {
    /// What a line is about (trade rule 1).
    pub enum LineKind {
        /// Goods.
        Goods,
        /// A service.
        Service,
        /// A gift card or store credit sold: a liability, not revenue.
        StoredValue,
        /// A refundable deposit.
        Deposit,
        /// A fee.
        Fee,
        /// A donation passed on to a third party.
        Donation,
    }
}
words! {
    /// Where a line's extended amount comes from. It is the authority whatever the origin (trade rule 2).
    pub enum AmountSource {
        /// Unit price × quantity.
        Unit,
        /// Printed on a label; never recomputed.
        Label,
        /// Entered for an item without a price of its own.
        Open,
        /// Stated instead of unit price × quantity, such as two for five.
        Given,
        /// A part of the original sale's line.
        Original,
    }
}
words! {
    /// Where the unit price of a line comes from; decides whether it can be stale (trade rule 22).
    pub enum PriceSource {
        /// The catalogue, as the till knew it.
        Catalogue,
        /// A label on the goods.
        Label,
        /// A parked or agreed price.
        Agreed,
        /// Somebody's decision at the till.
        Override,
    }
}
words! {
    /// What made a price smaller, in the order of the pipeline (trade rule 3).
    pub enum ReductionSource {
        /// The customer's price list, or a loyalty price.
        Loyalty,
        /// A promotion of the store.
        Promotion,
        /// A discount on one line.
        Line,
        /// A discount on the whole sale.
        Sale,
        /// A coupon issued by the store.
        StoreCoupon,
    }
}
words! {
    /// Whether shelf prices hold the tax (trade rule 4).
    pub enum Prices {
        /// Prices include tax.
        Inclusive,
        /// Tax is added on top.
        Exclusive,
    }
}
words! {
    /// Where tax is rounded (trade rule 4).
    pub enum TaxRounding {
        /// Once per tax and rate over the sale lines, shared out to them.
        Document,
        /// On every line.
        Line,
    }
}
words! {
    /// What a tender is in the books, whatever its name.
    pub enum TenderClass {
        /// Notes and coins in the drawer.
        Cash,
        /// A card payment.
        Card,
        /// A claim on a third party, such as a manufacturer's coupon.
        Claim,
        /// Gift card, store credit or voucher of ours: a liability redeemed.
        StoredValue,
        /// On the customer's account.
        Account,
    }
}
words! {
    /// What becomes of the money beyond the amount due (trade rule 11).
    pub enum OverTender {
        /// More than what is due is refused.
        No,
        /// The difference is handed out.
        Change,
        /// The tender may exceed what is due; the rest is settled by another one.
        Kept,
    }
}
words! {
    /// What is known of a tender's outcome (trade rule 14).
    pub enum TenderState {
        /// Taken.
        Settled,
        /// A card payment whose outcome the till could not learn.
        ToVerify,
    }
}

payload! {
    /// Rounding of what is paid in cash, where coins are missing (trade rule 12).
    pub struct CashRounding {
        /// The smallest payable step in minor units: 5 for five cents.
        pub step_minor: i64,
    }
}

payload! {
    /// The rules of the store under which a document is reckoned, written into it so that it can always be reckoned again.
    pub struct Terms {
        /// Currency of every amount in the document.
        pub currency: Currency,
        /// Whether prices include tax.
        pub prices: Prices,
        /// Where tax is rounded.
        pub tax_rounding: TaxRounding,
        /// Cash rounding, where the store rounds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cash_rounding: Option<CashRounding>,
    }
}

payload! {
    /// `sale.opened`: a document is begun.
    pub struct Opened {
        /// The document.
        pub sale: SaleId,
        /// As a sale or as a return.
        pub begun_as: BegunAs,
        /// The store.
        pub store: StoreId,
        /// The till.
        pub till: TillId,
        /// The shift.
        pub shift: ShiftId,
        /// The rules it is reckoned by.
        pub terms: Terms,
        /// The parked sale it goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub from_parked: Option<SaleId>,
    }
}

payload! {
    /// A tax that applies to a line, before it is reckoned.
    pub struct TaxRate {
        /// The tax.
        pub tax: TaxId,
        /// Who levies it, such as `DE` or `US-TX`.
        pub jurisdiction: String,
        /// The rate in per cent.
        pub rate: Rate,
    }
}

payload! {
    /// A tax of a line or document, reckoned.
    pub struct TaxAmount {
        /// The tax.
        pub tax: TaxId,
        /// Who levies it.
        pub jurisdiction: String,
        /// The rate in per cent.
        pub rate: Rate,
        /// What is taxed, without tax.
        pub base_minor: Minor,
        /// The tax.
        pub amount_minor: Minor,
    }
}

payload! {
    /// One reduction of a line by one source. Positive amounts make the line smaller.
    pub struct Reduction {
        /// What reduced it.
        pub source: ReductionSource,
        /// The promotion, coupon or price list, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Why, as a code of the store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
        /// The amount; negative on return lines.
        pub amount_minor: Minor,
    }
}

payload! {
    /// An earlier sale line that a return line takes back, whole or in part.
    pub struct Reference {
        /// The earlier document.
        pub sale: SaleId,
        /// Its line.
        pub line: u32,
        /// How much of it comes back; positive.
        pub quantity: Quantity,
        /// What of its net amount goes back with it; positive where the original was.
        pub amount_minor: Minor,
    }
}

payload! {
    /// A line of the cart: what was entered and looked up, before discounts of the sale and taxes are reckoned.
    pub struct CartLine {
        /// Number of the line in its document, from 1; never used again after a removal.
        pub line: u32,
        /// Sells or takes back.
        pub direction: Direction,
        /// What it is about.
        pub kind: LineKind,
        /// The product; none for an open item.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub product: Option<ProductId>,
        /// The stock-keeping code that was scanned, typed or stated.
        pub sku: String,
        /// The name as the receipt shows it.
        pub name: String,
        /// The department at that moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub department: Option<String>,
        /// The serial number, where the product has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub serial: Option<String>,
        /// How much; negative on return lines, and 0 is possible.
        pub quantity: Quantity,
        /// Price of one whole unit; none where only the amount is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub unit_price: Option<UnitPrice>,
        /// Where the unit price comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub price_source: Option<PriceSource>,
        /// The event that set the catalogue price used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub price_event: Option<Hash>,
        /// Why the price is not the catalogue's, where somebody decided another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub price_reason: Option<String>,
        /// The line's amount before reductions. The authority.
        pub extended_minor: Minor,
        /// Where it comes from.
        pub extended_from: AmountSource,
        /// Reductions known when the line was entered.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub reductions: Vec<Reduction>,
        /// Taxes that apply.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub taxes: Vec<TaxRate>,
        /// Taxes taken over from the original line, already reckoned; only on returns from an original.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub taxes_taken: Option<Vec<TaxAmount>>,
        /// Why no tax applies, where one would.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub exemption: Option<String>,
        /// Whether discounts of the sale and promotions may touch it.
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        pub discountable: bool,
        /// What it takes back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub references: Vec<Reference>,
        /// Whether the product's stock is tracked.
        #[serde(default, skip_serializing_if = "is_no")]
        pub tracked: bool,
        /// Stock on hand that the till showed when the line was added; none where it did not know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub on_hand_shown: Option<Quantity>,
        /// Cost of one unit as known then (trade rule 21).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub unit_cost: Option<UnitPrice>,
        /// The gift card or store credit that a stored-value line loads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub voucher: Option<VoucherId>,
        /// Return lines: whether the goods go back on the shelf (false: scrapped).
        #[serde(default = "yes", skip_serializing_if = "is_yes")]
        pub restocked: bool,
    }
}

payload! {
    /// `sale.line_added`.
    pub struct LineAdded {
        /// The document.
        pub sale: SaleId,
        /// The line.
        pub line: CartLine,
    }
}

payload! {
    /// `sale.line_changed`: the line as it stands now, whole.
    pub struct LineChanged {
        /// The document.
        pub sale: SaleId,
        /// The line with its old number.
        pub line: CartLine,
    }
}

payload! {
    /// `sale.line_removed`: taken out of the cart before payment.
    pub struct LineRemoved {
        /// The document.
        pub sale: SaleId,
        /// The line's number.
        pub line: u32,
    }
}

/// The size of a discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    /// Per cent of what is left after earlier reductions.
    Percent(Rate),
    /// A fixed amount, never more than what is left.
    AmountMinor(Minor),
}

payload! {
    /// `sale.discounted`: a discount on one line or on the whole sale. A later one of the same source and scope replaces it.
    pub struct Discounted {
        /// The document.
        pub sale: SaleId,
        /// The line; none for the whole sale.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub line: Option<u32>,
        /// What reduces: line, sale or store coupon.
        pub source: ReductionSource,
        /// The coupon's code, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// How much.
        pub discount: Discount,
        /// Why, as a code of the store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
    }
}

payload! {
    /// `sale.customer_set`.
    pub struct CustomerSet {
        /// The document.
        pub sale: SaleId,
        /// The customer; none takes the customer off.
        pub customer: Option<CustomerId>,
    }
}

payload! {
    /// `sale.parked`: set aside with its lines whole, to be recalled as a new document.
    pub struct Parked {
        /// The document.
        pub sale: SaleId,
        /// The customer on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub customer: Option<CustomerId>,
        /// The lines that stand in this event; earlier parts stand before it in [`LinesRecorded`].
        pub lines: Vec<Line>,
        /// Number of [`LinesRecorded`] before it.
        #[serde(default, skip_serializing_if = "is_zero")]
        pub parts: u32,
    }
}

payload! {
    /// A tender of a document. Amounts are negative where money goes out to the customer.
    pub struct Tender {
        /// Number of the tender in its document, from 1.
        pub tender: u32,
        /// The store's tender type, such as `cash`.
        pub tender_type: String,
        /// What it is in the books.
        pub class: TenderClass,
        /// What was kept of it: given less change. Tenders sum to the document's total plus its rounding.
        pub amount_minor: Minor,
        /// What was handed over, where that is more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub given_minor: Option<Minor>,
        /// What was handed back in cash.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub change_minor: Option<Minor>,
        /// Cash rounding that this tender brought about: what was paid less what was due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rounding_minor: Option<Minor>,
        /// Whether its outcome is known.
        #[serde(default = "settled", skip_serializing_if = "is_settled")]
        pub state: TenderState,
        /// Card terminal, batch, authorisation and last four digits, for settlement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub card: Option<CardDetails>,
        /// The gift card, credit or voucher redeemed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub voucher: Option<VoucherId>,
        /// Foreign cash: its currency and amount.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub foreign: Option<ForeignCash>,
    }
}

payload! {
    /// What a card settlement is matched by (trade rule 14). Never a full card number.
    pub struct CardDetails {
        /// The terminal's id.
        pub terminal: String,
        /// The terminal's batch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub batch: Option<String>,
        /// The authorisation code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub authorisation: Option<String>,
        /// The last four digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub last_four: Option<String>,
    }
}

payload! {
    /// Cash of another currency.
    pub struct ForeignCash {
        /// The currency.
        pub currency: Currency,
        /// What was handed over in it.
        pub amount_minor: Minor,
    }
}

payload! {
    /// `sale.tendered`: a tender was taken, before the document is completed.
    pub struct Tendered {
        /// The document.
        pub sale: SaleId,
        /// The tender.
        pub tender: Tender,
    }
}

payload! {
    /// A line of a completed document, reckoned to the end.
    pub struct Line {
        /// What was entered and looked up; its `reductions` now hold every source.
        pub entered: CartLine,
        /// Extended amount less reductions, in the document's way of stating prices.
        pub net_minor: Minor,
        /// The line's taxes, reckoned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub tax_amounts: Vec<TaxAmount>,
    }
}

payload! {
    /// `sale.lines_recorded`: lines that did not fit into the event that follows in the same commit.
    pub struct LinesRecorded {
        /// The document.
        pub sale: SaleId,
        /// Id of the completing or parking event that they belong to.
        pub document: EventId,
        /// Whether that event parks the sale: then nothing is booked.
        #[serde(default, skip_serializing_if = "is_no")]
        pub parks: bool,
        /// The store.
        pub store: StoreId,
        /// The rules they were reckoned by.
        pub terms: Terms,
        /// 1, 2, 3…
        pub part: u32,
        /// How many parts there are.
        pub of: u32,
        /// The lines, reckoned.
        pub lines: Vec<Line>,
    }
}

payload! {
    /// The printed number of a document: the origin's series and a number without gaps in it.
    pub struct Number {
        /// The series.
        pub series: String,
        /// 1, 2, 3…
        pub number: i64,
    }
}

payload! {
    /// The sums of a document. Gross sales and returns come from the lines, never from the sign of the total.
    pub struct Totals {
        /// Number of lines.
        pub lines: u32,
        /// Extended amounts of the sale lines.
        pub gross_sales_minor: Minor,
        /// Extended amounts of the return lines; negative.
        pub gross_returns_minor: Minor,
        /// Reductions of all lines.
        pub reductions_minor: Minor,
        /// Extended amounts less reductions.
        pub net_minor: Minor,
        /// Taxes of all lines.
        pub tax_minor: Minor,
        /// What the customer owes: net, with tax where prices exclude it.
        pub total_minor: Minor,
        /// Cash rounding; total plus rounding is what was paid.
        pub rounding_minor: Minor,
    }
}

payload! {
    /// A second signature over the compact receipt, so that another till can check a receipt without the network (trade rule 10).
    pub struct Slip {
        /// The compact receipt's text as it stands in the QR code.
        pub text: String,
        /// Its signature, base64url.
        pub signature: String,
        /// The origin's certificate, with its parent's where it is a child.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub certificates: Vec<String>,
    }
}

payload! {
    /// `sale.completed`: the document, standing alone.
    pub struct Completed {
        /// The document.
        pub sale: SaleId,
        /// How it was begun.
        pub begun_as: BegunAs,
        /// The store.
        pub store: StoreId,
        /// The till.
        pub till: TillId,
        /// The shift.
        pub shift: ShiftId,
        /// Its printed number.
        pub number: Number,
        /// The rules it was reckoned by.
        pub terms: Terms,
        /// Local time, such as `2017-01-01T11:53:26`.
        pub local_time: String,
        /// Offset of that time from UTC in minutes.
        pub utc_offset_minutes: i32,
        /// The customer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub customer: Option<CustomerId>,
        /// The parked sale it goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub from_parked: Option<SaleId>,
        /// The completed document that this one voids whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub voids: Option<SaleId>,
        /// The lines that stand in this event; earlier parts stand before it in [`LinesRecorded`].
        pub lines: Vec<Line>,
        /// Number of [`LinesRecorded`] before it.
        #[serde(default, skip_serializing_if = "is_zero")]
        pub parts: u32,
        /// Taxes of the whole document, per tax, jurisdiction and rate.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub taxes: Vec<TaxAmount>,
        /// The sums.
        pub totals: Totals,
        /// How it was paid.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub tenders: Vec<Tender>,
        /// The signed compact receipt, where the till prints one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub slip: Option<Slip>,
    }
}

payload! {
    /// `sale.abandoned`: the cart was given up before payment.
    pub struct Abandoned {
        /// The document.
        pub sale: SaleId,
        /// Why, as a code of the store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<String>,
    }
}

payload! {
    /// `sale.tender_corrected`: a completed document was paid otherwise than recorded (trade rule 7).
    pub struct TenderCorrected {
        /// The document.
        pub sale: SaleId,
        /// The store.
        pub store: StoreId,
        /// The shift in which it is corrected.
        pub shift: ShiftId,
        /// Currency of the document.
        pub currency: Currency,
        /// The tender as it was recorded.
        pub wrong: Tender,
        /// What it was in truth; amounts less rounding sum to those of the wrong one.
        pub instead: Vec<Tender>,
        /// Why, as a code of the store.
        pub reason: String,
    }
}

fn yes() -> bool {
    true
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_yes(flag: &bool) -> bool {
    *flag
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_no(flag: &bool) -> bool {
    !*flag
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
pub(crate) fn settled() -> TenderState {
    TenderState::Settled
}
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn is_settled(state: &TenderState) -> bool {
    *state == TenderState::Settled
}
