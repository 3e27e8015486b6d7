//! Snapshots, as head office gives them: how the shared descriptions of a scope stand, a page at a time.
//!
//! A record is what nobody has superseded, so that a page does not grow with the years behind it.

use daybook_core::merge::register;
use daybook_core::wire::SnapshotRecord;
use rusqlite::Connection;

use crate::file::StoreError;
use crate::views::fold;

/// A page of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotPage {
    /// The records, in the order of the snapshot.
    pub records: Vec<SnapshotRecord>,
    /// The last subject that was looked at; none where there was none.
    pub last: Option<String>,
    /// Whether there are more.
    pub more: bool,
}

/// The descriptions of these kinds after a subject: at most so many, and at most so many bytes beyond the first. The order is that of
/// the kinds, then of the subjects in bytes.
pub fn snapshot_after(
    views: &Connection,
    kinds: &[&str],
    after: Option<&str>,
    records_max: usize,
    bytes_max: usize,
) -> Result<SnapshotPage, StoreError> {
    let begun = after.and_then(|after| kinds.iter().position(|kind| after.starts_with(kind)));
    let mut page = SnapshotPage::default();
    let mut bytes = 0;
    for (place, kind) in kinds.iter().enumerate().skip(begun.unwrap_or(0)) {
        let after = after.filter(|_| begun == Some(place)).unwrap_or(kind);
        let sql = "SELECT DISTINCT subject FROM edits WHERE subject > ?1 AND subject < ?2 ORDER BY subject LIMIT ?3";
        let limit = i64::try_from(records_max - page.records.len() + 1).unwrap_or(i64::MAX);
        let subjects: Vec<String> = {
            let mut statement = views.prepare_cached(sql)?;
            let rows = statement.query_map((after, beyond(kind), limit), |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        for subject in subjects {
            let Some(record) = record(views, &subject)? else { continue };
            bytes += size(&record);
            if page.records.len() == records_max || !page.records.is_empty() && bytes > bytes_max {
                page.more = true;
                return Ok(page);
            }
            page.records.push(record);
            page.last = Some(subject);
        }
    }
    Ok(page)
}

/// How a description stands; none where nobody has described it.
pub fn record(views: &Connection, subject: &str) -> Result<Option<SnapshotRecord>, StoreError> {
    let standing = register::standing(&fold::edits(views, subject)?);
    Ok((!standing.heads.is_empty()).then(|| SnapshotRecord::of(subject.to_owned(), standing)))
}

/// About how long a record's line is.
pub fn size(record: &SnapshotRecord) -> usize {
    let fields = |fields: &std::collections::BTreeMap<String, serde_json::Value>| {
        fields
            .iter()
            .map(|(name, value)| name.len() + value.to_string().len() + 4)
            .sum::<usize>()
    };
    let edits = record.edits.iter().map(|edit| 190 + fields(&edit.fields)).sum::<usize>();
    40 + record.subject.len() + 68 * record.heads.len() + edits
}

/// The text right after all that begin so: they end in a slash.
fn beyond(kind: &str) -> String {
    format!("{}0", kind.trim_end_matches('/'))
}
