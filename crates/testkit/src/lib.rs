//! In-process gRPC services and fixture paths for tests
