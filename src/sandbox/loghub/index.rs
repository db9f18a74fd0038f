//! Calls about indexes and the queries that need one: a logstore of the sandbox has no index and
//! gets none, and says so as the service does of such a logstore.

use super::incoming::Incoming;
use super::refused::Refused;
use super::route::Route;
use super::state::addressed;
use super::{Done, LogHub};

impl LogHub {
    /// `GetLogs` and `GetHistograms`, refused as on the vendor page `GetLogs`.
    pub(super) fn query(&self, incoming: &Incoming<'_>, route: &Route) -> Result<Done, Refused> {
        self.find_logstore(incoming, route)?;
        let message = "logstore without index config";
        Err(Refused::bad("IndexConfigNotExist", message))
    }

    /// `GetIndex`, `UpdateIndex` and `DeleteIndex`, refused as on the vendor page `GetIndex`.
    pub(super) fn missing_index(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        self.find_logstore(incoming, route)?;
        let message = "index config doesn't exist";
        Err(Refused::new(404, "IndexConfigNotExist", message))
    }

    pub(super) fn create_index(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> Result<Done, Refused> {
        self.find_logstore(incoming, route)?;
        Err(Refused::parameter("indexes are not served by the sandbox"))
    }

    fn find_logstore(&self, incoming: &Incoming<'_>, route: &Route) -> Result<(), Refused> {
        let state = self.lock();
        state.logstore(addressed(incoming)?, &route.logstore)?;
        Ok(())
    }
}
