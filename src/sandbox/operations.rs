//! The calls of both services by name: what scripts of faults and counts of calls speak of.

use super::{Service, loghub, tablestore};

/// Declares the calls of one service: the enum, [`ALL`](Operation::ALL) of it, and their names.
macro_rules! operations {
    ($($name:ident,)+) => {
        /// The calls of the service, by the names of its API reference.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Operation {
            $($name,)+
        }

        impl Operation {
            /// Every call.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name by which faults and counts know it.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}
pub(super) use operations;

/// The names of all calls, with the service that serves them. No name belongs to both.
pub(super) fn all() -> impl Iterator<Item = (Service, &'static str)> {
    let loghub = loghub::operation_names().map(|name| (Service::LogService, name));
    let tablestore = tablestore::operation_names().map(|name| (Service::TableStore, name));
    loghub.chain(tablestore)
}

/// The service that serves the call of this name.
pub(super) fn service_of(name: &str) -> Option<Service> {
    all()
        .find(|(_, known)| *known == name)
        .map(|(service, _)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_belongs_to_one_service() {
        assert_eq!(service_of("PullLogs"), Some(Service::LogService));
        assert_eq!(service_of("BatchWriteRow"), Some(Service::TableStore));
        assert_eq!(service_of("Unknown"), None);
        let mut names: Vec<_> = all().map(|(_, name)| name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
