//! From what was read to a validated [`Pipeline`](crate::Pipeline): [`use_case()`] and [`package()`].

mod index;
mod order;
mod package;
mod use_case;

use std::collections::BTreeMap;

use crate::{Interface, ServiceName};

pub use self::package::package;
pub use self::use_case::use_case;

/// What each service of a use case offers, by its folder.
pub type Interfaces = BTreeMap<ServiceName, Interface>;
