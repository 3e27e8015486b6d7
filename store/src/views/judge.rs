//! Gathering the facts that judgements rest on, and keeping what they found: head office's side only.
//!
//! The judgements themselves are pure and live in [`daybook_core::conflict`]. A conflict that no longer arises stays as `gone` in the
//! lane, so that tills hear of it, and counts nowhere else.

use daybook_core::amount::Minor;
use daybook_core::chain::Hash;
use daybook_core::conflict::{Conflict, closed_twice, completed_twice, fork, oversold, totals_differ};
use daybook_core::event::Event;
use daybook_core::ids::{OriginId, ProductId, SaleId, ShiftId, StoreId};
use daybook_core::merge::stock::{Baseline, Level};
use daybook_core::project::rows::{OrderKey, StockMove, StockMoveKind, word};
use daybook_core::project::{Input, Key};
use daybook_core::wire::{ConflictRecord, ConflictState};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, BTreeSet};

use crate::events;
use crate::file::StoreError;
use crate::office::branchings;
use crate::sql::{self, blob};
use crate::views::fold::{currency, moves};
use crate::views::questions::level;

/// Judges what one event says by itself: whether a document adds up.
pub(super) fn of_event(connection: &Connection, log: &Connection, input: &Input) -> Result<(), StoreError> {
    let Ok((envelope, Event::SaleCompleted(completed))) = &input.content else { return Ok(()) };
    let mut before = Vec::new();
    let parts = i64::from(completed.parts);
    let mut found = 0;
    if parts > 0 {
        let chain = events::of_chain(log, input.origin, input.tip.seq - parts, input.tip.seq - 1);
        for event in chain.map_err(StoreError::of_log)? {
            let part = Input::read(event.origin, event.tip, &event.text);
            match part.content {
                Ok((_, Event::SaleLinesRecorded(part))) if part.document == envelope.id => {
                    found += 1;
                    before.extend(part.lines);
                }
                _ => {}
            }
        }
    }
    let lines = match before.as_slice() {
        [] => Cow::Borrowed(completed.lines.as_slice()),
        _ => Cow::Owned([before.as_slice(), &completed.lines].concat()),
    };
    let incomplete = found != parts;
    let mut facts =
        totals_differ::Facts { hash: input.tip.hash, completed, lines, incomplete, till: String::new() };
    // Nearly every document adds up, so nobody's name is looked up for it.
    if totals_differ::judge(&facts).is_none() {
        return Ok(());
    }
    facts.till = till_name(connection, input.origin)?;
    let found = totals_differ::judge(&facts);
    found.map_or(Ok(()), |conflict| put(connection, &completed.sale.to_string(), &conflict))
}

/// Judges a dirty key.
pub(super) fn of_key(connection: &Connection, key: &Key) -> Result<(), StoreError> {
    match key {
        Key::Stock(store, product) => stock(connection, *store, *product),
        Key::Taken(store, product) => {
            let short = level(connection, *store, *product)?
                .and_then(|level| level.on_hand())
                .is_some_and(|hand| hand < 0);
            let subject = oversold::subject(*store, *product);
            let known = "SELECT EXISTS (SELECT 1 FROM conflicts WHERE subject = ?1)";
            let known: bool = connection.prepare_cached(known)?.query_row([subject], |row| row.get(0))?;
            if short || known {
                stock(connection, *store, *product)
            } else {
                Ok(())
            }
        }
        Key::Conflict(id) => answered(connection, id),
        Key::Sale(sale) => completions(connection, *sale),
        Key::Shift(shift) => closings(connection, *shift),
        Key::Returned(..) | Key::Subject(_) => Ok(()),
    }
}

/// Judges what completed a sale: documents of that name, and those that went on with it after it was set aside.
fn completions(connection: &Connection, sale: SaleId) -> Result<(), StoreError> {
    // Nearly every document completes a sale of its own, and nothing was ever found of it.
    let many = "SELECT (SELECT count(*) FROM documents WHERE sale = ?1)
                     + (SELECT count(*) FROM documents_by_event WHERE from_parked = ?1)";
    let many: i64 = connection.prepare_cached(many)?.query_row([blob(&sale.0)], |row| row.get(0))?;
    if many < 2 {
        return Ok(());
    }
    let sql = "SELECT at, origin, seq, hash, store, series || '-' || number, local_time, total_minor, currency, exponent,
                      from_parked IS ?1
               FROM documents WHERE sale = ?1 UNION
               SELECT at, origin, seq, hash, store, series || '-' || number, local_time, total_minor, currency, exponent, 1
               FROM documents WHERE from_parked = ?1 ORDER BY 1, 2, 3, 4";
    let (mut found, mut parked, mut place) = (Vec::new(), false, None);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([blob(&sale.0)])?;
    while let Some(row) = rows.next()? {
        let (origin, hash, store): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(3)?, row.get(4)?);
        let (code, exponent): (String, u8) = (row.get(8)?, row.get(9)?);
        let origin = sql::origin(&origin)?;
        place = place.or(Some((sql::store_id(&store)?, currency(&code, exponent))));
        parked |= row.get::<_, bool>(10)?;
        found.push(completed_twice::Completion {
            order: OrderKey { at: row.get(0)?, origin, seq: row.get(2)? },
            hash: sql::hash(&hash)?,
            till: String::new(),
            receipt: row.get(5)?,
            local_time: row.get(6)?,
            total_minor: Minor::new(row.get(7)?),
        });
    }
    let Some((store, currency)) = place.filter(|_| found.len() > 1) else { return Ok(()) };
    for completion in &mut found {
        completion.till = till_name(connection, completion.order.origin)?;
    }
    let facts = completed_twice::Facts { sale, store, parked, completions: found, currency };
    let found: Vec<Conflict> = completed_twice::judge(&facts).into_iter().collect();
    replace(connection, &completed_twice::subject(sale), &found)
}

/// Judges what closed a shift.
fn closings(connection: &Connection, shift: ShiftId) -> Result<(), StoreError> {
    let sql = "SELECT at, origin, seq, hash, closed FROM shifts
               WHERE shift = ?1 AND closed IS NOT NULL ORDER BY at, origin, seq, hash";
    let mut closings = Vec::new();
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([blob(&shift.0)])?;
    while let Some(row) = rows.next()? {
        let (origin, hash, closed): (Vec<u8>, Vec<u8>, String) = (row.get(1)?, row.get(3)?, row.get(4)?);
        let origin = sql::origin(&origin)?;
        closings.push(closed_twice::Closing {
            order: OrderKey { at: row.get(0)?, origin, seq: row.get(2)? },
            hash: sql::hash(&hash)?,
            till: till_name(connection, origin)?,
            closed: sql::json(&closed)?,
        });
    }
    if closings.len() < 2 {
        return Ok(());
    }
    let found: Vec<Conflict> =
        closed_twice::judge(&closed_twice::Facts { shift, closings }).into_iter().collect();
    replace(connection, &closed_twice::subject(shift), &found)
}

/// Judges the origins of a batch that have branches.
pub(super) fn forks<I: Borrow<Input>>(
    connection: &Connection,
    log: &Connection,
    inputs: &[(i64, I)],
) -> Result<(), StoreError> {
    let touched: BTreeSet<OriginId> = inputs.iter().map(|(_, input)| input.borrow().origin).collect();
    for (origin, (common, branches)) in branchings(log).map_err(StoreError::of_log)? {
        if touched.contains(&origin) {
            let facts = fork_facts(connection, origin, common.seq, branches)?;
            let found: Vec<Conflict> = fork::judge(&facts).into_iter().collect();
            replace(connection, &origin.to_string(), &found)?;
        }
    }
    Ok(())
}

/// The conflicts after a revision, oldest first.
pub fn conflicts_after(
    connection: &Connection,
    store: Option<StoreId>,
    revision: i64,
    limit: usize,
) -> Result<Vec<ConflictRecord>, StoreError> {
    conflicts_page(connection, store, revision, limit, usize::MAX)
}

/// The conflicts after a revision, oldest first: at most so many, and at most so many bytes beyond the first.
pub fn conflicts_page(
    connection: &Connection,
    store: Option<StoreId>,
    revision: i64,
    conflicts_max: usize,
    bytes_max: usize,
) -> Result<Vec<ConflictRecord>, StoreError> {
    let sql = "SELECT revision, state, answer, conflict FROM conflicts
               WHERE revision > ?1 AND (?2 IS NULL OR store IS NULL OR store = ?2) ORDER BY revision LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(conflicts_max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![revision, store.as_ref().map(|id| blob(&id.0)), limit])?;
    let (mut bytes, mut records) = (0_usize, Vec::new());
    while let Some(row) = rows.next()? {
        let (state, conflict): (String, String) = (row.get(1)?, row.get(3)?);
        bytes = bytes.saturating_add(conflict.len() + 96);
        if !records.is_empty() && bytes > bytes_max {
            break;
        }
        let broken = |error: serde_json::Error| StoreError::BrokenRow(error.to_string());
        records.push(ConflictRecord {
            revision: row.get(0)?,
            state: serde_json::from_value(state.into()).map_err(broken)?,
            answer: row.get(2)?,
            conflict: sql::json(&conflict)?,
        });
    }
    Ok(records)
}

/// The stores with a conflict that changed after a revision.
pub fn stores_after(connection: &Connection, revision: i64) -> Result<Vec<StoreId>, StoreError> {
    let sql = "SELECT DISTINCT store FROM conflicts WHERE revision > ?1 AND store IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([revision], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|bytes| sql::store_id(&bytes?)).collect()
}

/// The last revision of any conflict that a store's lane shows; 0 where there is none.
pub fn last_revision(connection: &Connection, store: Option<StoreId>) -> Result<i64, StoreError> {
    // From the last one back, so that a shop with many conflicts is not gone through for the one that changed last.
    let sql = "SELECT revision FROM conflicts WHERE ?1 IS NULL OR store IS NULL OR store = ?1
               ORDER BY revision DESC LIMIT 1";
    let found = connection
        .prepare_cached(sql)?
        .query_row([store.as_ref().map(|id| blob(&id.0))], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// The revisions that this file of read models gives, the one before the first included. Every file has its own, so that whoever
/// followed another one is noticed and begins again.
pub fn revisions(connection: &Connection) -> Result<std::ops::Range<i64>, StoreError> {
    let before: i64 = connection
        .prepare_cached("SELECT revisions FROM progress")?
        .query_row([], |row| row.get(0))?;
    Ok(before..before + (1 << 32))
}

/// The till's name of an origin, or the start of its id while nobody has said.
pub fn till_name(connection: &Connection, origin: OriginId) -> Result<String, StoreError> {
    let sql = "SELECT name FROM origins WHERE origin = ?1 ORDER BY hash LIMIT 1";
    let name: Option<String> = connection
        .prepare_cached(sql)?
        .query_row([blob(&origin.0)], |row| row.get(0))
        .optional()?;
    Ok(name.unwrap_or_else(|| origin.to_string()[..8].to_owned()))
}

/// Judges every episode of a product: from each count, or the first receipt, to the next count.
fn stock(connection: &Connection, store: StoreId, product: ProductId) -> Result<(), StoreError> {
    let moves = moves(connection, store, product)?;
    let mut found = Vec::new();
    for (level, part) in episodes(&moves) {
        let believed = |m: &&StockMove| m.kind == StockMoveKind::Sold && m.tracked;
        if level.on_hand().is_none_or(|hand| hand >= 0) || !part.iter().any(believed) {
            continue;
        }
        let (mut sold, mut in_currency) = (Vec::new(), None);
        let mut names: BTreeMap<OriginId, String> = BTreeMap::new();
        for taken in part.iter().filter(|m| believed(m)) {
            // Mostly the line stands in the event that completes its document; else in one before it, which names that.
            let together =
                "SELECT d.series || '-' || d.number, d.local_time, l.name, l.net_minor, d.currency, d.exponent
                 FROM sale_events s JOIN lines_by_event l ON l.event = s.number JOIN documents_by_event d ON d.event = s.number
                 WHERE s.hash = ?1 AND l.line = ?2";
            let apart = "SELECT d.series || '-' || d.number, d.local_time, l.name, l.net_minor, d.currency, d.exponent
                         FROM document_lines l JOIN documents d ON d.sale = l.sale AND d.document = l.document
                         WHERE l.hash = ?1 AND l.line = ?2 LIMIT 1";
            let read = |row: &rusqlite::Row<'_>| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get::<_, String>(4)?,
                    row.get(5)?,
                ))
            };
            let line = (taken.hash.0.as_slice(), taken.line);
            let mut row = connection.prepare_cached(together)?.query_row(line, read).optional()?;
            if row.is_none() {
                row = connection.prepare_cached(apart)?.query_row(line, read).optional()?;
            }
            let Some((receipt, local_time, name, net, code, exponent)) = row else { continue };
            in_currency = currency(&code, exponent);
            let till = match names.get(&taken.order.origin) {
                Some(known) => known.clone(),
                None => till_name(connection, taken.order.origin)?,
            };
            names.insert(taken.order.origin, till.clone());
            sold.push(oversold::Sold {
                order: taken.order,
                till,
                receipt,
                local_time,
                name,
                quantity: -taken.quantity,
                shown: taken.shown,
                net_minor: daybook_core::amount::Minor::new(net),
            });
        }
        found.extend(oversold::judge(&oversold::Facts {
            store,
            product,
            level,
            sold,
            currency: in_currency,
        }));
    }
    replace(connection, &oversold::subject(store, product), &found)
}

/// The episodes of a product with what moved in each. `moves` are in canonical order.
fn episodes(moves: &[StockMove]) -> Vec<(Level, Vec<&StockMove>)> {
    let mut episodes: Vec<(Level, Vec<&StockMove>)> = Vec::new();
    let mut last_count = None;
    for moved in moves {
        let (order, quantity) = (moved.order, moved.quantity);
        match (moved.kind, episodes.last_mut()) {
            // Two lines of one count are one statement.
            (StockMoveKind::Counted, Some((Level { baseline: Some(base), .. }, _)))
                if last_count == Some(moved.hash) =>
            {
                base.quantity += quantity;
            }
            (StockMoveKind::Counted, _) => {
                last_count = Some(moved.hash);
                let baseline = Some(Baseline { order, quantity, counted: true });
                episodes.push((Level { baseline, moved: 0 }, Vec::new()));
            }
            (StockMoveKind::Received, None) => {
                let baseline = Some(Baseline { order, quantity: 0, counted: false });
                episodes.push((Level { baseline, moved: quantity }, vec![moved]));
            }
            (_, Some((level, part))) => {
                level.moved += quantity;
                part.push(moved);
            }
            (_, None) => {}
        }
    }
    episodes
}

fn fork_facts(
    connection: &Connection,
    origin: OriginId,
    common_seq: i64,
    branches: Vec<Hash>,
) -> Result<fork::Facts, StoreError> {
    let sql = "SELECT series || '-' || number, local_time, hash, store FROM documents d WHERE origin = ?1 AND seq > ?2
               AND EXISTS (SELECT 1 FROM documents o WHERE o.origin = d.origin AND o.series = d.series
                           AND o.number = d.number AND o.hash <> d.hash)";
    let mut twins = Vec::new();
    {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((blob(&origin.0), common_seq))?;
        while let Some(row) = rows.next()? {
            let hash: Vec<u8> = row.get(2)?;
            twins.push(fork::BranchReceipt {
                receipt: row.get(0)?,
                local_time: row.get(1)?,
                hash: sql::hash(&hash)?,
            });
        }
    }
    let count = "SELECT count(*) FROM documents_by_event WHERE origin = ?1 AND seq > ?2";
    let receipts = connection
        .prepare_cached(count)?
        .query_row((blob(&origin.0), common_seq), |row| row.get(0))?;
    let store = "SELECT store FROM origins WHERE origin = ?1 AND store IS NOT NULL LIMIT 1";
    let store: Option<Vec<u8>> = connection
        .prepare_cached(store)?
        .query_row([blob(&origin.0)], |row| row.get(0))
        .optional()?;
    Ok(fork::Facts {
        origin,
        till: till_name(connection, origin)?,
        store: store.map(|bytes| sql::store_id(&bytes)).transpose()?,
        common_seq,
        branches,
        twins,
        receipts,
    })
}

/// Keeps the conflicts of a subject as they were just found; others of the subject are gone.
fn replace(connection: &Connection, subject: &str, found: &[Conflict]) -> Result<(), StoreError> {
    let sql = "SELECT id FROM conflicts WHERE subject = ?1 AND state <> 'gone'";
    let known: Vec<String> = {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map([subject], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for id in known.iter().filter(|id| !found.iter().any(|conflict| conflict.id == **id)) {
        let sql = "UPDATE conflicts SET state = 'gone', revision = (SELECT max(revision) + 1 FROM conflicts) WHERE id = ?1";
        connection.prepare_cached(sql)?.execute([id])?;
    }
    found.iter().try_for_each(|conflict| put(connection, subject, conflict))
}

fn put(connection: &Connection, subject: &str, conflict: &Conflict) -> Result<(), StoreError> {
    let text = serde_json::to_string(conflict).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let sql = "INSERT INTO conflicts VALUES (?1, ?2, ?3, ?4, 
                   (SELECT coalesce(max(revision), (SELECT revisions FROM progress)) + 1 FROM conflicts), 'open', NULL, ?5, ?6)
               ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, evidence = excluded.evidence, conflict = excluded.conflict,
                   state = CASE state WHEN 'gone' THEN 'open' ELSE state END
               WHERE evidence <> excluded.evidence OR conflict <> excluded.conflict OR state = 'gone'";
    connection.prepare_cached(sql)?.execute(params![
        conflict.id,
        word(&conflict.kind),
        conflict.store.as_ref().map(|id| blob(&id.0)),
        subject,
        conflict.evidence.0.as_slice(),
        text,
    ])?;
    answered(connection, &conflict.id)
}

/// Whether the canonically last answer to a conflict was given on the evidence as it stands.
fn answered(connection: &Connection, id: &str) -> Result<(), StoreError> {
    let sql = "SELECT choice, evidence FROM answers WHERE conflict = ?1 ORDER BY at DESC, origin DESC, seq DESC, hash DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?));
    let answer = connection.prepare_cached(sql)?.query_row([id], read).optional()?;
    let known = "SELECT state, answer, evidence FROM conflicts WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Vec<u8>>(2)?))
    };
    let Some((state, chosen, evidence)) =
        connection.prepare_cached(known)?.query_row([id], read).optional()?
    else {
        return Ok(());
    };
    let (new_state, new_choice) = match answer {
        _ if state == "gone" => return Ok(()),
        None => (ConflictState::Open, None),
        Some((choice, seen)) if seen == evidence => (ConflictState::Answered, Some(choice)),
        Some((choice, _)) => (ConflictState::Reopened, Some(choice)),
    };
    if word(&new_state) != state || new_choice != chosen {
        let sql = "UPDATE conflicts SET state = ?2, answer = ?3, revision = (SELECT max(revision) + 1 FROM conflicts) WHERE id = ?1";
        connection.prepare_cached(sql)?.execute((id, word(&new_state), new_choice))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Durability;
    use crate::views::{Side, Views};

    #[test]
    fn a_page_of_conflicts_is_bounded_by_bytes_and_never_empty_while_there_are_some() {
        let home = tempfile::tempdir().unwrap();
        let views = Views::open(home.path(), "views.db", Side::Office, Durability::Off).unwrap();
        let facts = |number: u128| fork::Facts {
            origin: OriginId(uuid::Uuid::from_u128(number)),
            till: "T".repeat(1_000),
            store: None,
            common_seq: 1,
            branches: vec![Hash([1; 32]), Hash([2; 32])],
            twins: Vec::new(),
            receipts: 0,
        };
        for number in 0..10 {
            put(views.connection(), &number.to_string(), &fork::judge(&facts(number)).unwrap()).unwrap();
        }
        let known = revisions(views.connection()).unwrap();
        let page = |after, bytes_max| {
            let found = conflicts_page(views.connection(), None, after, 100, bytes_max).unwrap();
            assert!(found.iter().all(|record| known.contains(&record.revision)));
            found.iter().map(|record| record.revision - known.start).collect::<Vec<_>>()
        };
        assert_eq!(page(known.start, 10_000), [1, 2, 3]);
        assert_eq!(page(known.start + 3, 10_000), [4, 5, 6]);
        assert_eq!(page(known.start + 9, 1), [10]);
        assert_eq!(page(known.start, usize::MAX).len(), 10);
    }
}
