//! A whole file of receipts, read once before anything is played: is it usable, and what must be known to play it?
//!
//! What stays in memory is small: where each receipt stands in the file, what products there are, what refunds refer to, and the sums
//! that the tills and head office have to arrive at. The receipts themselves are read again, till by till, while they are played.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use daybook_core::amount::{Currency, Minor, Quantity, UnitPrice, part_floor};
use daybook_core::event::sale::Reference;
use daybook_core::ids::SaleId;
use daybook_core::limits::{NAME_CHARS_MAX, UNIT_PRICE_MAX};

use super::derive::Seed;
use super::figures::{Figures, Row, TillDay};
use super::receipt::{Kind, Line, Receipt, Return, day_of};

/// Why a file cannot be played: where, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1; none where the file as a whole is at fault.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.what),
            None => write!(f, "{}: {}", self.file.display(), self.what),
        }
    }
}

impl std::error::Error for Unusable {}

/// What lines of a till take back, by number of the receipt and position of the line.
type OfTill = HashMap<(u64, usize), Vec<Reference>>;

/// What a file amounts to.
#[derive(Debug)]
pub struct Script {
    /// The file.
    pub file: PathBuf,
    /// The seed that ids follow from.
    pub seed: Seed,
    /// The currency of each shop.
    pub shops: BTreeMap<String, Currency>,
    /// Every till, in the order in which they first appear.
    pub tills: Vec<TillScript>,
    /// Every product of the catalogue, in the order in which they first appear.
    pub products: Vec<Product>,
    /// What comes out when everything is played.
    pub figures: Figures,
    /// Receipts in all.
    pub receipts: u64,
    prices: HashMap<String, usize>,
    returns: HashMap<String, OfTill>,
    again: HashMap<(String, u64), usize>,
}

/// One till's part.
#[derive(Debug)]
pub struct TillScript {
    /// Its name.
    pub name: String,
    /// Its shop.
    pub shop: String,
    /// Its receipts, in order.
    pub places: Vec<Place>,
}

/// Where a receipt stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// Its bytes.
    pub length: usize,
    /// When it happened, in microseconds since 1970.
    pub wall: i64,
}

/// A product of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its code.
    pub sku: String,
    /// The first name seen; its code where there is none.
    pub name: String,
    /// The first department seen.
    pub department: Option<String>,
    /// Its price: of the first sale line where quantity and gross are above 0.
    pub price: UnitPrice,
    named: bool,
    priced: bool,
}

/// A line of a sale that something may come back of.
#[derive(Clone, Copy)]
struct Sold {
    net: Minor,
    quantity: Quantity,
}

struct Sale {
    shop: String,
    id: SaleId,
    lines: Vec<Sold>,
}

/// A line that takes something back, before it is known of what.
struct Taken {
    at: u64,
    till: String,
    seq: u64,
    shop: String,
    line: usize,
    entered: Line,
}

/// A name as it can be recorded: cut to length, and without characters that would control a printer. None where nothing is left.
pub fn fit_name(name: &str) -> Option<String> {
    let tame = |letter: char| if letter.is_control() { ' ' } else { letter };
    let fit: String = name.chars().map(tame).take(NAME_CHARS_MAX).collect();
    (!fit.is_empty()).then_some(fit)
}

impl Script {
    /// Reads a file.
    pub fn read(file: &Path, seed: Seed) -> Result<Script, Unusable> {
        let whole = |what: String| Unusable { file: file.to_owned(), line: None, what };
        let opened = File::open(file).map_err(|error| whole(format!("cannot be opened: {error}")))?;
        if !opened.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(whole("is no file that can be read twice".to_owned()));
        }
        let mut reader = BufReader::with_capacity(1 << 20, opened);
        let mut reading = Reading::new(file, seed);
        let (mut offset, mut number, mut bytes) = (0_u64, 0_u64, Vec::new());
        loop {
            bytes.clear();
            let read = reader
                .read_until(b'\n', &mut bytes)
                .map_err(|error| whole(format!("cannot be read: {error}")))?;
            if read == 0 {
                break;
            }
            number += 1;
            let unusable = |what| Unusable { file: file.to_owned(), line: Some(number), what };
            let text =
                std::str::from_utf8(&bytes).map_err(|error| unusable(format!("no UTF-8 text: {error}")))?;
            if !text.trim().is_empty() {
                reading.take(text, number, offset).map_err(unusable)?;
            }
            offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
        if reading.script.receipts == 0 {
            return Err(whole("there is no receipt in it".to_owned()));
        }
        reading.finish()
    }

    /// The catalogue's price of a product.
    pub fn price(&self, sku: &str) -> Option<UnitPrice> {
        self.prices
            .get(sku)
            .and_then(|position| self.products.get(*position))
            .map(|product| product.price)
    }

    /// The sale that a receipt is.
    pub fn sale(&self, receipt: &Receipt) -> SaleId {
        let again = self.again.get(&(receipt.till.clone(), receipt.seq)).copied().unwrap_or(0);
        self.seed.sale(&receipt.reference, again)
    }

    /// What a line of a receipt takes back.
    pub fn references(&self, receipt: &Receipt, line: usize) -> Vec<Reference> {
        let of_till = self.returns.get(&receipt.till);
        of_till.and_then(|lines| lines.get(&(receipt.seq, line))).cloned().unwrap_or_default()
    }

    /// When the first receipt happened.
    pub fn begins(&self) -> i64 {
        self.tills
            .iter()
            .filter_map(|till| till.places.first())
            .map(|place| place.wall)
            .min()
            .unwrap_or(0)
    }
}

/// A file half read.
struct Reading {
    script: Script,
    tills: HashMap<String, usize>,
    sales: HashMap<String, Vec<Sale>>,
    taken: Vec<Taken>,
}

impl Reading {
    fn new(file: &Path, seed: Seed) -> Self {
        let script = Script {
            file: file.to_owned(),
            seed,
            shops: BTreeMap::new(),
            tills: Vec::new(),
            products: Vec::new(),
            figures: Figures::default(),
            receipts: 0,
            prices: HashMap::new(),
            returns: HashMap::new(),
            again: HashMap::new(),
        };
        Reading { script, tills: HashMap::new(), sales: HashMap::new(), taken: Vec::new() }
    }

    fn take(&mut self, text: &str, number: u64, offset: u64) -> Result<(), String> {
        let receipt = Receipt::read(text)?;
        self.currency_of(&receipt)?;
        let wall = receipt.wall();
        let till = self.till_of(&receipt)?;
        till.places.push(Place { offset, length: text.len(), wall });
        let expected = u64::try_from(till.places.len()).unwrap_or(u64::MAX);
        if receipt.seq != expected {
            return Err(format!(
                "`seq` of till {} is {}, but its next one is {expected}",
                receipt.till, receipt.seq
            ));
        }
        self.remember_sale(&receipt);
        for (position, line) in receipt.lines.iter().enumerate() {
            if line.known {
                self.remember_product(line, receipt.kind);
            }
            if !line.returns.is_empty() {
                self.taken.push(Taken {
                    at: number,
                    till: receipt.till.clone(),
                    seq: receipt.seq,
                    shop: receipt.shop.clone(),
                    line: position,
                    entered: line.clone(),
                });
            }
        }
        self.script.receipts += 1;
        self.count(&receipt)
    }

    fn currency_of(&mut self, receipt: &Receipt) -> Result<(), String> {
        let Some(currency) = Currency::from_code(&receipt.currency) else {
            return Err(format!("unknown currency {:?}", receipt.currency));
        };
        let known = *self.script.shops.entry(receipt.shop.clone()).or_insert(currency);
        if known == currency {
            return Ok(());
        }
        Err(format!(
            "shop {} has receipts in {} and now in {}: a shop has one currency",
            receipt.shop,
            known.code.code(),
            receipt.currency
        ))
    }

    fn till_of(&mut self, receipt: &Receipt) -> Result<&mut TillScript, String> {
        let tills = &mut self.script.tills;
        let position = *self.tills.entry(receipt.till.clone()).or_insert_with(|| {
            let (name, shop) = (receipt.till.clone(), receipt.shop.clone());
            tills.push(TillScript { name, shop, places: Vec::new() });
            tills.len() - 1
        });
        match tills.get_mut(position) {
            Some(till) if till.shop == receipt.shop => Ok(till),
            Some(till) => {
                Err(format!("till {} stands in shop {}, not {}", till.name, till.shop, receipt.shop))
            }
            None => Err(format!("till {} was lost", receipt.till)),
        }
    }

    fn remember_sale(&mut self, receipt: &Receipt) {
        if receipt.kind == Kind::StockAdjust {
            return;
        }
        let same = self.sales.entry(receipt.reference.clone()).or_default();
        if !same.is_empty() {
            self.script.again.insert((receipt.till.clone(), receipt.seq), same.len());
        }
        let sold = |line: &Line| Sold { net: Minor::new(line.net), quantity: line.quantity() };
        same.push(Sale {
            shop: receipt.shop.clone(),
            id: self.script.seed.sale(&receipt.reference, same.len()),
            lines: receipt.lines.iter().map(sold).collect(),
        });
    }

    fn remember_product(&mut self, line: &Line, kind: Kind) {
        let products = &mut self.script.products;
        let position = *self.script.prices.entry(line.sku.clone()).or_insert_with(|| {
            products.push(Product {
                sku: line.sku.clone(),
                name: line.sku.clone(),
                department: None,
                price: UnitPrice::default(),
                named: false,
                priced: false,
            });
            products.len() - 1
        });
        let Some(product) = products.get_mut(position) else { return };
        if let (false, Some(name)) = (product.named, line.name.as_deref().and_then(fit_name)) {
            product.name = name;
            product.named = true;
        }
        if product.department.is_none() {
            product.department = line.department.as_deref().and_then(fit_name);
        }
        if kind != Kind::StockAdjust && !product.priced && line.qty > 0 && line.gross > 0 {
            let price = UnitPrice::of_amount(line.gross(), line.quantity());
            product.price =
                price.filter(|price| price.ten_thousandths() <= UNIT_PRICE_MAX).unwrap_or_default();
            product.priced = true;
        }
    }

    fn count(&mut self, receipt: &Receipt) -> Result<(), String> {
        let Some(day) = day_of(receipt.wall()) else { return Err("its day cannot be told".to_owned()) };
        let key = TillDay { shop: receipt.shop.clone(), till: receipt.till.clone(), day: day.to_string() };
        let gross: i64 = receipt.lines.iter().map(|line| line.gross).sum();
        let row = Row {
            receipts: 1,
            lines: i64::try_from(receipt.lines.len()).unwrap_or(i64::MAX),
            gross,
            discounts: gross - receipt.total,
            net: receipt.total,
            refunds: if receipt.kind == Kind::Refund { receipt.total } else { 0 },
        };
        self.script.figures.add(key, &row);
        for tender in &receipt.tenders {
            self.script.figures.add_tender(&tender.kind, tender.amount);
        }
        Ok(())
    }

    /// Resolves what comes back, in the order of the file, now that every sale is known.
    fn finish(mut self) -> Result<Script, Unusable> {
        let mut back: HashMap<(SaleId, usize), Quantity> = HashMap::new();
        for taken in &self.taken {
            let mut references = Vec::new();
            for part in &taken.entered.returns {
                let reference = self.resolve(taken, part, &mut back).map_err(|what| Unusable {
                    file: self.script.file.clone(),
                    line: Some(taken.at),
                    what: format!("line {} of the receipt: {what}", taken.line),
                })?;
                references.push(reference);
            }
            let of_till = self.script.returns.entry(taken.till.clone()).or_default();
            of_till.insert((taken.seq, taken.line), references);
        }
        Ok(self.script)
    }

    /// The reference that a part amounts to. What goes back of the earlier line's net is its share up to and with this part, less what
    /// went back with the parts before it, so that the whole line gives back exactly its net.
    fn resolve(
        &self,
        taken: &Taken,
        part: &Return,
        back: &mut HashMap<(SaleId, usize), Quantity>,
    ) -> Result<Reference, String> {
        let quantity = taken.entered.quantity_of(part);
        let line = u32::try_from(part.line.saturating_add(1)).unwrap_or(u32::MAX);
        let Some(sale) = self.sale_named(&part.reference, &taken.shop) else {
            // Sold before the file begins: its share of what this line gives back.
            let whole = -taken.entered.quantity();
            let amount_minor = part_floor(Minor::new(-taken.entered.net), quantity, whole);
            let sale = self.script.seed.sale(&part.reference, 0);
            return Ok(Reference { sale, line, quantity, amount_minor });
        };
        let Some(sold) = sale.lines.get(part.line) else {
            return Err(format!(
                "`returns` names line {} of {:?}, which has {} lines counted from 0",
                part.line,
                part.reference,
                sale.lines.len()
            ));
        };
        if sold.quantity < Quantity::ZERO {
            return Err(format!(
                "`returns` names line {} of {:?}, which was itself a return",
                part.line, part.reference
            ));
        }
        let before = back.entry((sale.id, part.line)).or_insert(Quantity::ZERO);
        let after = *before + quantity;
        let share = |quantity| part_floor(sold.net, quantity, sold.quantity);
        let amount_minor = share(after) - share(*before);
        *before = after;
        Ok(Reference { sale: sale.id, line, quantity, amount_minor })
    }

    /// The sale with a number: of the same shop where several share it.
    fn sale_named(&self, reference: &str, shop: &str) -> Option<&Sale> {
        let same = self.sales.get(reference)?;
        same.iter().find(|sale| sale.shop == shop).or(same.first())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(text: &str) -> Result<Script, Unusable> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Script::read(file.path(), Seed(1))
    }

    fn receipt(till: &str, seq: u64, reference: &str, lines: &[(&str, i64, i64, &str)]) -> String {
        let kind = if lines.iter().any(|(_, _, _, more)| more.contains("returns")) {
            "refund"
        } else {
            "sale"
        };
        let total: i64 = lines.iter().map(|(_, _, gross, _)| gross).sum();
        let lines: Vec<String> = lines
            .iter()
            .map(|(sku, qty, gross, more)| {
                format!(r#"{{"sku":"{sku}","name":"Thing {sku}","department":null,"known":true,"qty":{qty},"qty_scale":0,"gross":{gross},"discounts":[],"net":{gross}{more}}}"#)
            })
            .collect();
        format!(
            r#"{{"type":"{kind}","shop":"S","till":"{till}","seq":{seq},"ref":"{reference}","time":"2017-01-01T10:00:00Z","currency":"USD","lines":[{}],"tenders":[{{"kind":"cash","amount":{total}}}],"total":{total}}}"#,
            lines.join(",")
        ) + "\n"
    }

    #[test]
    fn products_have_their_first_price_above_nothing() {
        let text = receipt("A", 1, "1", &[("free", 1, 0, ""), ("three", 3, 100, ""), ("back", -1, -50, "")])
            + &receipt("B", 1, "2", &[("free", 2, 300, ""), ("three", 1, 999, "")]);
        let script = read(&text).unwrap();
        let price = |sku| script.price(sku).map(UnitPrice::ten_thousandths);
        assert_eq!(
            [price("free"), price("three"), price("back"), price("none")],
            [Some(1_500_000), Some(333_333), Some(0), None]
        );
        assert_eq!(
            (script.receipts, script.tills.len(), script.products[1].name.as_str()),
            (2, 2, "Thing three")
        );
    }

    #[test]
    fn parts_that_come_back_sum_to_the_line() {
        let back = |of: &str, qty: i64| format!(r#","returns":[{{"ref":"{of}","line":0,"qty":{qty}}}]"#);
        let text = receipt("A", 1, "1", &[("x", 3, 100, "")])
            + &receipt("A", 2, "2", &[("x", -1, -33, &back("1", 1))])
            + &receipt("A", 3, "3", &[("x", -2, -67, &back("1", 2))])
            + &receipt("A", 4, "4", &[("x", -2, -67, &back("0", 2))])
            + &receipt("A", 5, "5", &[("x", -3, -99, &back("1", 1))]);
        let script = read(&text).unwrap();
        let mut amounts = Vec::new();
        for (seq, line) in (2..).zip(text.lines().skip(1)) {
            let receipt = Receipt::read(line).unwrap();
            assert_eq!(receipt.seq, seq);
            amounts.extend(
                script.references(&receipt, 0).iter().map(|r| (r.sale, r.line, r.amount_minor.get())),
            );
        }
        let (one, old) = (script.seed.sale("1", 0), script.seed.sale("0", 0));
        assert_eq!(amounts, [(one, 1, 33), (one, 1, 67), (old, 1, 67), (one, 1, 33)]);
    }

    #[test]
    fn a_number_used_again_is_another_sale() {
        let text = receipt("A", 1, "1", &[("x", 1, 100, "")]) + &receipt("B", 1, "1", &[("x", 1, 100, "")]);
        let script = read(&text).unwrap();
        let sales: Vec<SaleId> =
            text.lines().map(|line| script.sale(&Receipt::read(line).unwrap())).collect();
        assert_ne!(sales[0], sales[1]);
        assert_eq!(sales[0], script.seed.sale("1", 0));
    }

    #[test]
    fn an_unusable_file_names_its_line() {
        let good = receipt("A", 1, "1", &[("x", 1, 100, "")]);
        let elsewhere = good.replace("\"seq\":1", "\"seq\":2").replace("\"shop\":\"S\"", "\"shop\":\"Z\"");
        let cases = [
            (
                format!("{good}\n{}", receipt("A", 3, "2", &[("x", 1, 1, "")])),
                Some(3),
                "`seq` of till A is 3, but its next one is 2",
            ),
            (
                format!("{good}{}", good.replace("USD", "EUR").replace("\"A\"", "\"B\"")),
                Some(2),
                "shop S has receipts in USD and now in EUR",
            ),
            (format!("{good}{elsewhere}"), Some(2), "till A stands in shop S, not Z"),
            (good.clone() + "{]\n", Some(2), "key must be a string"),
            (
                good.clone()
                    + &receipt("A", 2, "2", &[("x", -1, -1, r#","returns":[{"ref":"1","line":1,"qty":1}]"#)]),
                Some(2),
                "which has 1 lines counted from 0",
            ),
            ("\n\n".to_owned(), None, "there is no receipt in it"),
        ];
        for (text, line, words) in cases {
            let unusable = read(&text).unwrap_err();
            assert_eq!(unusable.line, line, "{unusable}");
            assert!(unusable.to_string().contains(words), "{unusable}");
        }
    }
}
