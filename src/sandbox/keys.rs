//! The key pairs that may sign, shared by both services.

use std::sync::{Arc, PoisonError, RwLock};

use crate::transport::AccessKey;

/// The key pairs: those of the settings, and those of seeds.
#[derive(Debug)]
pub(crate) struct Keys {
    own: Vec<Arc<AccessKey>>,
    seeded: RwLock<Vec<Arc<AccessKey>>>,
    region: Option<String>,
}

impl Keys {
    pub(crate) fn new(own: Vec<AccessKey>, region: Option<String>) -> Self {
        Self {
            own: own.into_iter().map(Arc::new).collect(),
            seeded: RwLock::default(),
            region,
        }
    }

    /// The pair with this access key id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<AccessKey>> {
        let seeded = self.seeded.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.own.iter().chain(seeded.iter());
        keys.find(|key| key.id == id).map(Arc::clone)
    }

    /// Whether a signature of version 4 may name `region`.
    pub(crate) fn allows_region(&self, region: &str) -> bool {
        self.region.as_deref().is_none_or(|own| own == region)
    }

    /// Adds key pairs.
    pub(super) fn add(&self, keys: impl IntoIterator<Item = AccessKey>) {
        let mut seeded = self.seeded.write().unwrap_or_else(PoisonError::into_inner);
        seeded.extend(keys.into_iter().map(Arc::new));
    }

    /// Forgets the pairs of seeds.
    pub(super) fn reset(&self) {
        let mut seeded = self.seeded.write().unwrap_or_else(PoisonError::into_inner);
        seeded.clear();
    }
}
