//! Request ids that are numbers: an hour's worth of them must fit in memory, and be told apart from those of other runs.

use http_trace_e2e::rig::unused_id;

/// The ids of one run.
#[derive(Clone, Debug)]
pub struct Ids {
    prefix: String,
}

impl Ids {
    /// Ids that no other run has.
    #[must_use]
    pub fn new() -> Self {
        let id = unused_id();
        let end = id.rfind('-').map_or(id.len(), |at| at + 1);
        Self { prefix: id[..end].to_owned() }
    }

    /// The id of a number.
    #[must_use]
    pub fn id(&self, number: u64) -> String {
        format!("{}{number:012x}", self.prefix)
    }

    /// The number of an id of this run.
    #[must_use]
    pub fn number(&self, id: &str) -> Option<u64> {
        u64::from_str_radix(id.strip_prefix(&self.prefix)?, 16).ok()
    }
}

impl Default for Ids {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn knows_its_own_only() {
        let (ids, others) = (Ids::new(), Ids { prefix: "another-".to_owned() });
        assert_eq!(ids.number(&ids.id(77)), Some(77));
        assert_eq!(ids.number(&others.id(77)), None);
    }
}
