//! Plans and runs pipelines over gRPC services
