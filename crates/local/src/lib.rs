//! Starts a use case's services as local processes
