//! Which file lies where: reads use cases, reads and writes packages, zips
