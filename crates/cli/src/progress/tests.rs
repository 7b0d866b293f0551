//! What is noted of events, and the rows that come of it.

mod noting;
mod rows;
