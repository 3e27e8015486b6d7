//! The catalogue that is measured on: real products with real barcodes where somebody has them, generated ones where not.
//!
//! Real names matter to a search index: they repeat words, mix languages and carry accents. Prices, departments and stock are drawn,
//! because the public lists hold none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use daybook_core::amount::{Quantity, UnitPrice};
use daybook_core::limits::NAME_CHARS_MAX;
use daybook_server::office::Publication;

use super::random::Random;

/// Lists of real products, in the order in which they are taken: folder, file, and the columns of code, brand and name.
const LISTS: [(&str, &str, usize, Option<usize>, usize); 3] = [
    ("catalog_off_2019", "off_valid_dev.csv.zst", 0, None, 1),
    ("catalog_datakick", "datakick_items.csv.zst", 0, Some(1), 2),
    ("catalog_off_2019", "off_rcn2x_dev.csv.zst", 0, None, 1),
];

/// Departments, which no list names.
const DEPARTMENTS: [&str; 12] = [
    "Bakery",
    "Dairy",
    "Drinks",
    "Frozen",
    "Fruit",
    "Household",
    "Meat",
    "Pantry",
    "Pharmacy",
    "Snacks",
    "Sweets",
    "Vegetables",
];

/// Words of generated names.
const WORDS: [&str; 16] = [
    "green",
    "tea",
    "roasted",
    "coffee",
    "crème",
    "brulée",
    "whole",
    "wheat",
    "bread",
    "organic",
    "tomato",
    "soup",
    "dark",
    "chocolate",
    "hazelnut",
    "water",
];

/// Lines of one publication of stock: as many as fit into one event with room to spare.
const STOCK_LINES: usize = 250;

/// A product with its barcode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its barcode, which is also its SKU.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// The products, and where they are from.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The products.
    pub products: Vec<Product>,
    /// How many of them are real.
    pub real: usize,
    /// Where they are from, in words.
    pub source: String,
}

impl Catalogue {
    /// So many products: real ones as far as the lists in `data` go, generated ones beyond.
    pub fn read(data: Option<&Path>, count: usize) -> anyhow::Result<Catalogue> {
        let mut seen = BTreeSet::new();
        let mut products = Vec::new();
        for (folder, file, code, brand, name) in LISTS {
            let Some(path) = data.map(|data| data.join(folder).join(file)).filter(|path| path.exists())
            else {
                continue;
            };
            for product in list(&path, (code, brand, name))? {
                if products.len() < count && seen.insert(product.code.clone()) {
                    products.push(product);
                }
            }
        }
        let real = products.len();
        let mut random = Random::new(11);
        while products.len() < count {
            let number = products.len();
            let word = |random: &mut Random| WORDS[random.below(WORDS.len())];
            let name = format!("{} {} {} {number}", word(&mut random), word(&mut random), word(&mut random));
            products.push(Product { code: format!("29{number:011}"), name });
        }
        let source = match (real, count - real) {
            (_, 0) => format!("{real} real products"),
            (0, made) => format!("{made} GENERATED products, no lists of real ones being there"),
            (_, made) => format!("{real} real products and {made} GENERATED ones"),
        };
        Ok(Catalogue { products, real, source })
    }

    /// What head office says about them; every fourth one is tracked, with some in stock.
    pub fn publications(&self, store: &str) -> Vec<Publication> {
        let mut random = Random::new(7);
        let mut publications = Vec::new();
        let mut stock = Vec::new();
        for (number, product) in self.products.iter().enumerate() {
            let tracked = number % 4 == 0;
            if tracked {
                stock.push((product.code.clone(), Quantity::of(1_000_000)));
            }
            let cents = i64::try_from(random.below(2_000)).unwrap_or_default() + 19;
            publications.push(Publication::Product {
                sku: product.code.clone(),
                name: product.name.clone(),
                department: Some(DEPARTMENTS[random.below(DEPARTMENTS.len())].to_owned()),
                codes: Vec::new(),
                tax_class: if random.below(3) == 0 { "standard" } else { "reduced" }.to_owned(),
                tracked,
                price: UnitPrice::from_minor(cents),
                unit: Some("each".to_owned()),
            });
        }
        let lines = stock.chunks(STOCK_LINES).map(|lines| Publication::Stock {
            store: store.to_owned(),
            lines: lines.to_vec(),
            document: None,
        });
        publications.extend(lines);
        publications
    }
}

/// The products of a list that can be sold: with a code and a name that a till can show.
fn list(path: &PathBuf, (code, brand, name): (usize, Option<usize>, usize)) -> anyhow::Result<Vec<Product>> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = zstd::Decoder::new(file).with_context(|| format!("{} is no zstd file", path.display()))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let mut products = Vec::new();
    for row in reader.records() {
        let row = row.with_context(|| format!("{} is no table", path.display()))?;
        let field = |column: usize| row.get(column).unwrap_or_default().trim();
        let words = brand.into_iter().map(field).chain([field(name)]);
        let name: String = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
        if !name.is_empty() && !field(code).is_empty() {
            products.push(Product { code: field(code).to_owned(), name });
        }
    }
    Ok(products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_products_come_first_each_code_once_and_generated_ones_say_so() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("catalog_off_2019");
        std::fs::create_dir(&folder).unwrap();
        let rows = "gtin,name\n0000000001885,Compote de poire\n0000000001885,Twice\n0000000000017,\"Tea, green\"\n5,\n";
        std::fs::write(folder.join("off_valid_dev.csv.zst"), zstd::encode_all(rows.as_bytes(), 1).unwrap())
            .unwrap();
        let read = |count| Catalogue::read(Some(data.path()), count).unwrap();
        let (two, four) = (read(2), read(4));
        assert_eq!(two.products[1], Product { code: "0000000000017".into(), name: "Tea, green".into() });
        assert_eq!(two.source, "2 real products");
        assert_eq!((four.products.len(), four.source.as_str()), (4, "2 real products and 2 GENERATED ones"));
        assert!(Catalogue::read(None, 1).unwrap().source.contains("GENERATED"));
    }
}
