//! The typed door: what a user of the till can ask, and what comes back.
//!
//! The window, the replay and the tests all come through here. A command carries an id made by whoever asks; asking again with the
//! same id is answered with what was recorded the first time, never executed twice.

use daybook_core::amount::{Minor, Quantity, UnitPrice};
use daybook_core::chain::Tip;
use daybook_core::event::sale::{BegunAs, Discount, Reduction, ReductionSource, Reference};
use daybook_core::event::shift::{CashMove, Count};
use daybook_core::event::tender::TenderFate;
use daybook_core::ids::{CustomerId, SaleId, ShiftId, VoucherId};
use daybook_core::sale::decide::LineAmount;
use daybook_core::sale::tender::TenderStatement;
use serde::{Deserialize, Serialize};

/// What a line is about, as the user names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemName {
    /// A SKU, barcode or other code of the catalogue.
    Code(String),
    /// Something that the catalogue does not know.
    Open {
        /// The code that found nothing, or a made-up one.
        sku: String,
        /// Its name on the receipt.
        name: String,
        /// Its department.
        department: Option<String>,
    },
}

/// What a user asks of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Open a shift.
    OpenShift {
        /// Its id.
        shift: ShiftId,
        /// Cash in the drawer.
        float_minor: Minor,
    },
    /// Move cash in or out of the drawer.
    MoveCash {
        /// Which way.
        cash_move: CashMove,
        /// How much; positive.
        amount_minor: Minor,
        /// Why.
        reason: String,
    },
    /// Open the drawer without a sale.
    OpenDrawer {
        /// Why.
        reason: String,
    },
    /// State what was counted.
    CountShift(Vec<Count>),
    /// Close the shift: the Z.
    CloseShift,
    /// Begin a document.
    OpenSale {
        /// Its id.
        sale: SaleId,
        /// As a sale or a return.
        begun_as: BegunAs,
    },
    /// Add a line to the open document.
    AddLine {
        /// What it is.
        item: ItemName,
        /// How much; negative takes it back.
        quantity: Quantity,
        /// How its amount comes about.
        amount: LineAmount,
        /// Reductions stated with it.
        #[serde(default)]
        reductions: Vec<Reduction>,
        /// What it takes back.
        #[serde(default)]
        references: Vec<Reference>,
        /// The gift card or credit that it loads.
        #[serde(default)]
        voucher: Option<VoucherId>,
    },
    /// Take back goods of a completed document that this till knows, at what was paid for them.
    ReturnLine {
        /// The completed document.
        sale: SaleId,
        /// Its line.
        line: u32,
        /// How much; positive.
        quantity: Quantity,
        /// Whether it goes back on the shelf.
        restocked: bool,
    },
    /// Change the quantity of a line.
    ChangeQuantity {
        /// The line.
        line: u32,
        /// The new quantity.
        quantity: Quantity,
    },
    /// Take a line out.
    RemoveLine(u32),
    /// Put a line back that was taken out, as it was.
    RestoreLine(u32),
    /// Sell a line at another price than the catalogue's.
    ChangePrice {
        /// The line.
        line: u32,
        /// The price of one unit.
        price: UnitPrice,
        /// Why.
        reason: String,
    },
    /// Grant a discount.
    Discount {
        /// On this line; none: on the whole sale.
        line: Option<u32>,
        /// As what.
        source: ReductionSource,
        /// A coupon's code.
        name: Option<String>,
        /// How much.
        discount: Discount,
        /// Why.
        reason: Option<String>,
    },
    /// Set or take off the customer.
    SetCustomer(Option<CustomerId>),
    /// Set the sale aside.
    ParkSale,
    /// Go on with a parked sale as a new document.
    RecallSale {
        /// The parked sale.
        parked: SaleId,
        /// The new document.
        sale: SaleId,
    },
    /// Give the sale up.
    AbandonSale(Option<String>),
    /// Take a tender.
    Tender(TenderStatement),
    /// Take a tender back before the sale is completed.
    RemoveTender {
        /// Number of the tender.
        tender: u32,
        /// What became of its money.
        fate: TenderFate,
    },
    /// Say what became of a payment of a completed document whose outcome was not known.
    SettleTender {
        /// The document, of this till.
        sale: SaleId,
        /// Number of the tender.
        tender: u32,
        /// Whether the money came.
        charged: bool,
    },
    /// Take a last tender and complete the sale.
    Pay(TenderStatement),
    /// Complete a sale that is settled.
    CompleteSale,
    /// Book goods in.
    ReceiveStock(Vec<StockCount>),
    /// Book goods found, broken, stolen or given away.
    AdjustStock {
        /// Why.
        reason: String,
        /// The goods; negative quantities go out.
        lines: Vec<StockCount>,
    },
    /// State what is on the shelf.
    CountStock {
        /// The count session.
        session: String,
        /// What was found.
        lines: Vec<StockCount>,
    },
}

/// A product by its code, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCount {
    /// SKU or barcode. A code that the catalogue does not know is recorded as it stands.
    pub code: String,
    /// How much.
    pub quantity: Quantity,
}

/// What a command led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The last event recorded for it; none where nothing was to record.
    pub recorded: Option<Tip>,
    /// Whether this is the answer of an earlier execution of the same command.
    pub repeated: bool,
    /// The receipt, where the command completed a document.
    pub receipt: Option<Receipt>,
}

/// What is told when a document is completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The document.
    pub sale: SaleId,
    /// Its printed number, such as `S2T0-17`.
    pub number: String,
    /// Its total.
    pub total_minor: Minor,
    /// Change to hand out.
    pub change_minor: Minor,
}
