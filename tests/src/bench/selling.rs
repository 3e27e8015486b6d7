//! Rows of selling: from a barcode to a line in the cart, and from a keystroke to products.

use anyhow::ensure;
use daybook_store::Reader;
use daybook_till::door::types::Request;

use super::counter::Counter;
use super::ground::Ground;
use super::measure::{Rounds, median, micros, percentile};
use super::random::Random;
use super::row::{Bound, Row};

/// Scans of one round.
const SCANS: usize = 200;
/// Scans of one sale.
const SCANS_PER_SALE: usize = 10;
/// What the window asks for when somebody types.
const RESULTS: u32 = 60;
/// Searches of one round: names typed from the first letter on.
const NAMES_TYPED: usize = 12;

/// P2: a scan at a till with a long past, beside one at a till with none.
pub fn barcode_to_line(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let row = Row::new(
        "P2",
        format!(
            "barcode → line, {} and {} past sales, through the window's door",
            ground.catalogue.source, ground.sizes.sales
        ),
        "the same without a past",
        (Bound::AtMost(1.2), Bound::AtMost(1.05)),
    );
    let with = Counter::open(&ground.with_past(tell)?, false)?;
    let without = Counter::open(&ground.without_past("scan", tell)?, false)?;
    // A day begins with its first sale on both sides: from then on the window shows the last receipt.
    for counter in [&with, &without] {
        counter.sell(&ground.catalogue.products[0].code)?;
    }
    let (mut first, mut second) = (Random::new(21), Random::new(21));
    let rounds = Rounds::take(
        ground.sizes.rounds,
        || scans(ground, &with, &mut first),
        || scans(ground, &without, &mut second),
    )?;
    with.close_day()?;
    Ok(vec![row.measured("µs", &rounds).noting(format!(
        "p50 of {SCANS} scans a round, each a recorded event and the cart and status that the window shows; \
         not flushed to the disk on either side"
    ))])
}

/// The median time of a scan.
fn scans(ground: &Ground, counter: &Counter, random: &mut Random) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    let products = &ground.catalogue.products;
    for scan in 0..SCANS {
        let code = &products[random.below(products.len())].code;
        let (time, shown) = micros(|| counter.scan(code))?;
        ensure!(shown["cart"]["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "no line: {shown}");
        times.push(time);
        if (scan + 1) % SCANS_PER_SALE == 0 {
            counter.give_up()?;
        }
    }
    Ok(median(&times))
}

/// P3: what the window asks for with each keystroke, beside the bare query of the same index.
pub fn search_per_keystroke(ground: &Ground, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Row>> {
    let row = Row::new(
        "P3",
        format!("product search per keystroke, {}, p95", ground.catalogue.source),
        "bare FTS5 query of the same index, p95",
        (Bound::AtMost(2.0), Bound::AtMost(1.3)),
    );
    let place = ground.without_past("search", tell)?;
    let counter = Counter::open(&place, false)?;
    let views = Reader::open(place.data.join("views.db"))?;
    let mut random = Random::new(31);
    let (mut found, mut rounds) = (0, Rounds::default());
    for round in 0..=ground.sizes.rounds {
        let (mut ours, mut beside) = (Vec::new(), Vec::new());
        for text in keystrokes(ground, &mut random) {
            let asked = || counter.ask(Request::Search { text: text.clone(), limit: RESULTS });
            // Whoever comes second finds the pages warm.
            let (mine, shown, bare) = if ours.len() % 2 == 0 {
                let (mine, shown) = micros(asked)?;
                (mine, shown, micros(|| bare_query(&views, &text))?.0)
            } else {
                let (bare, _) = micros(|| bare_query(&views, &text))?;
                let (mine, shown) = micros(asked)?;
                (mine, shown, bare)
            };
            found += shown.as_array().map_or(0, Vec::len);
            ours.push(mine);
            beside.push(bare);
        }
        if round > 0 {
            rounds.ours.push(percentile(&ours, 95));
            rounds.beside.push(percentile(&beside, 95));
        }
    }
    ensure!(found > 0, "nothing was found by the names of products");
    Ok(vec![row.measured("µs", &rounds).noting(format!(
        "names of {NAMES_TYPED} products a round, typed letter by letter; the window's answer holds up to {RESULTS} products with \
         price, unit and stock, the bare query their numbers"
    ))])
}

/// Everything that stands in the field while names are typed: the first two words of each.
fn keystrokes(ground: &Ground, random: &mut Random) -> Vec<String> {
    let products = &ground.catalogue.products;
    let mut texts = Vec::new();
    for _ in 0..NAMES_TYPED {
        let name = products[random.below(products.len())].name.to_lowercase();
        let words: Vec<&str> = name.split_whitespace().take(2).collect();
        let typed = words.join(" ");
        let letters: Vec<char> = typed.chars().collect();
        texts.extend((1..=letters.len()).map(|end| letters[..end].iter().collect::<String>()));
    }
    texts.retain(|text| !text.ends_with(' '));
    texts
}

/// What SQLite's index answers by itself: from three letters on the trigrams, below that the prefixes, best first.
fn bare_query(views: &Reader, text: &str) -> anyhow::Result<usize> {
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    let words: Vec<&str> = text.split_whitespace().collect();
    let long: Vec<String> =
        words.iter().filter(|word| word.chars().count() >= 3).map(|word| quoted(word)).collect();
    let (table, terms) = if long.is_empty() {
        let terms: Vec<String> = words.iter().map(|word| format!("{}*", quoted(word))).collect();
        ("product_prefixes", terms)
    } else {
        ("product_trigrams", long)
    };
    let sql = format!("SELECT rowid FROM {table} WHERE {table} MATCH ?1 ORDER BY rank LIMIT ?2");
    let mut statement = views.prepare_cached(&sql)?;
    let mut rows = statement.query((terms.join(" "), RESULTS))?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        let _number: i64 = row.get(0)?;
        found += 1;
    }
    Ok(found)
}
