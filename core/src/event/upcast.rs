//! Upcasters: pure functions that lift a payload of an older version to the next one.
//!
//! Stored bytes are never rewritten; a reader lifts them each time. Every version there has ever been must stay readable,
//! so a new version of a type adds one row to the table and keeps the old ones.

use serde_json::Value;

/// Lifts a payload from `from` to `from + 1`.
struct Upcaster {
    kind: &'static str,
    from: u32,
    lift: fn(Value) -> Result<Value, String>,
}

/// All upcasters, oldest first.
const UPCASTERS: &[Upcaster] = &[
    // A closing of the first version tells neither its taxes by rate nor openings of the drawer: both have a default that says so.
    Upcaster { kind: "shift.closed", from: 1, lift: Ok },
];

/// Lifts a payload as far as the table goes. `None`: no upcaster for this type and version.
pub fn upcast(kind: &str, version: u32, payload: &str) -> Option<Result<(u32, Value), String>> {
    lift_through(UPCASTERS, kind, version, payload)
}

/// Whether a payload of this type and version can be lifted.
pub fn lifts(kind: &str, version: u32) -> bool {
    UPCASTERS.iter().any(|row| row.kind == kind && row.from == version)
}

fn lift_through(
    table: &[Upcaster],
    kind: &str,
    mut version: u32,
    payload: &str,
) -> Option<Result<(u32, Value), String>> {
    let find = |version| table.iter().find(|row| row.kind == kind && row.from == version);
    find(version)?;
    let mut value = match serde_json::from_str(payload) {
        Ok(value) => value,
        Err(error) => return Some(Err(error.to_string())),
    };
    while let Some(row) = find(version) {
        value = match (row.lift)(value) {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        version += 1;
    }
    Some(Ok((version, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TABLE: &[Upcaster] = &[
        Upcaster {
            kind: "kettle.boiled",
            from: 1,
            lift: |mut value| {
                let text = value["celsius"].as_str().ok_or("celsius is no text")?.to_owned();
                value["millikelvin"] =
                    json!(text.parse::<i64>().map_err(|e| e.to_string())? * 1000 + 273_150);
                Ok(value)
            },
        },
        Upcaster { kind: "kettle.boiled", from: 2, lift: |value| Ok(json!({"kettle": value})) },
    ];

    #[test]
    fn an_old_payload_is_lifted_step_by_step_to_the_newest_version() {
        let lifted = lift_through(TABLE, "kettle.boiled", 1, r#"{"celsius":"100"}"#);
        assert_eq!(lifted, Some(Ok((3, json!({"kettle": {"celsius": "100", "millikelvin": 373_150}})))));
    }

    #[test]
    fn what_cannot_be_lifted_says_why_and_what_is_not_known_stays_unknown() {
        assert!(matches!(lift_through(TABLE, "kettle.boiled", 1, "{}"), Some(Err(_))));
        assert_eq!(lift_through(TABLE, "kettle.boiled", 9, "{}"), None);
        assert_eq!(upcast("sale.completed", 1, "{}"), None);
    }
}
