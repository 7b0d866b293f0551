//! The run core, driven by hand.

mod driver;
mod ends;
mod many;
mod order;
mod random;
