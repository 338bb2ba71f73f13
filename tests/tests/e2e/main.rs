//! What a user sees when images are built, run and asked: every test drives `docker` on a real engine.
//!
//! One binary, so that it is linked once and its tests run side by side under any runner. The engine's build
//! cache is shared and outlives a run; a test that needs a step to run puts a nonce into its input.

mod agents;
mod attestations;
mod bases;
mod broken;
mod bumps;
mod caching;
mod calls;
mod cancel;
mod checks;
mod ci;
mod ci_files;
mod command_line;
mod compose;
mod conda;
mod contexts;
mod cooldown;
mod databases;
mod datascience;
mod digests;
mod django;
mod docs;
mod fastapi;
mod faults;
mod flask;
mod lint;
mod locked;
mod locks;
mod mistakes;
mod multiarch;
mod named;
mod options;
mod package;
mod packages;
mod pip;
mod platforms;
mod poetry;
mod public;
mod pyproject;
mod refused;
mod reproducible;
mod secrets;
mod settings;
mod small;
mod stages;
mod versions;
mod wheels;
mod workspace;
mod workspaces;
