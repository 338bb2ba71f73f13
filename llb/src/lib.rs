//! The LLB graph library.
