//! What head office confirmed to this till, kept in its log's file: a later answer that reaches less far is told to whoever is at the till.

use std::collections::BTreeMap;

use daybook_core::chain::Tip;
use daybook_core::ids::OriginId;
use daybook_core::sync::witness::Lacking;
use daybook_store::StoreError;
use daybook_store::office::certificates;

use crate::till::Inner;

/// Name of the fact that holds what was confirmed.
const WITNESS_FACT: &str = "witness";
/// Origins that are named where head office lacks something.
const NAMED_MAX: usize = 5;

impl Inner {
    pub(crate) fn load_witness(&mut self) -> Result<(), StoreError> {
        let known = self.log.fact(WITNESS_FACT)?;
        // One that cannot be read begins anew: it proves nothing any more, and keeps nobody from selling.
        self.witness = known.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(())
    }

    /// Takes in how far head office says that it is. Where that cannot be kept, on a full disk, say, synchronisation goes on: sales have to
    /// leave the till most of all then.
    pub(crate) fn hear_tips(&mut self, tips: &BTreeMap<OriginId, Vec<Tip>>) {
        let lacked = self.witness.lacking().next().is_some();
        if !self.witness.hear(tips) {
            return;
        }
        let text = serde_json::to_string(&self.witness).unwrap_or_default();
        if let Err(error) = self.log.put_fact(WITNESS_FACT, &text) {
            tracing::error!(%error, "what head office confirmed cannot be kept");
        }
        match self.office_lacks() {
            Some(what) => tracing::error!(what, "head office lacks events that it had confirmed"),
            None if lacked => tracing::info!("head office has again what it had confirmed"),
            None => {}
        }
    }

    /// What head office had confirmed and does not have now, in words: the series of tills with the numbers of their events.
    pub(crate) fn office_lacks(&self) -> Option<String> {
        let lacking: Vec<Lacking> = self.witness.lacking().collect();
        if lacking.is_empty() {
            return None;
        }
        let known = certificates(self.log.connection()).unwrap_or_default();
        let own = self.enrolled.iter().flat_map(|enrolled| enrolled.identity.certificates());
        let series: BTreeMap<OriginId, String> = known
            .iter()
            .filter_map(|signed| signed.read().ok())
            .chain(own)
            .map(|certificate| (certificate.origin, certificate.series))
            .collect();
        let told = lacking.iter().take(NAMED_MAX).map(|Lacking { origin, from, confirmed }| {
            let name = series.get(origin).cloned().unwrap_or_else(|| origin.to_string());
            format!("{name}: {from}–{}", confirmed.seq)
        });
        let mut told: Vec<String> = told.collect();
        if lacking.len() > NAMED_MAX {
            told.push(format!("and {} more", lacking.len() - NAMED_MAX));
        }
        Some(told.join("; "))
    }
}
