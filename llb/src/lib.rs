//! BuildKit's LLB graphs as typed values.
//!
//! A small builder describes an op and turns it into a [`State`]. States are the inputs of further ops. A
//! state is marshalled to a [`Definition`], which an engine solves.
//!
//! ```
//! use buildkit_llb::{Copy, Exec, FileOp, Image, Local, Metadata, Mount, Platform, Sharing};
//!
//! let platform = Platform::parse("linux/amd64")?;
//! let context = Local::new("context").shared_key_hint("context").state();
//! let base = Image::new("python:3.13-slim").platform(&platform).state();
//! let built = Exec::new(["pip", "wheel", "--wheel-dir", "/wheels", "/src"])
//!     .cwd("/")
//!     .mount(Mount::bind(&context, "/src").read_only())
//!     .mount(Mount::scratch("/wheels"))
//!     .mount(Mount::cache("/root/.cache/pip", "pip", Sharing::Shared))
//!     .meta(Metadata::named("wheel of the project"))
//!     .run(&base);
//! let image = FileOp::on(&base).copy(Copy::new(&built.output("/wheels"), "/", "/wheels/")).state();
//!
//! let definition = image.marshal();
//! assert_eq!(definition.ops().len(), 4);
//! assert_eq!(definition.head(), image.digest());
//! # Ok::<(), buildkit_llb::PlatformError>(())
//! ```
//!
//! Equal graphs marshal to equal bytes. These bytes equal the bytes of BuildKit's own Go client, so a vertex
//! has the same digest here, in the engine and in other frontends. No code of this crate reads a clock, a
//! file or a property of the machine.

mod caps;
mod definition;
mod digest;
mod dump;
mod encode;
mod go_json;
mod image_reference;
mod load;
mod marshal;
mod metadata;
mod ops;
mod path;
pub mod pb;
mod platform;
mod resources;
mod source_map;
mod state;
#[cfg(test)]
mod tests;

pub use caps::{Cap, CapSet};
pub use definition::{Definition, DefinitionError};
pub use digest::{Digest, DigestError};
pub use encode::Order;
pub use metadata::{CUSTOM_NAME, Metadata, ProgressGroup};
pub use ops::copy::Copy;
pub use ops::exec::{Exec, Executed, Network, ProxyEnv, Security};
pub use ops::file::FileOp;
pub use ops::file_actions::{MkDir, MkFile, Owner, Rm, Symlink};
pub use ops::git::Git;
pub use ops::http::{Http, HttpHeader};
pub use ops::image::{Image, OciLayout, ResolveMode};
pub use ops::local::{Differ, Local};
pub use ops::merge::{diff, merge};
pub use ops::mount::{ContentCache, Mount, Sharing};
pub use platform::{Platform, PlatformError};
pub use resources::LinuxResources;
pub use source_map::{Location, Position, Range, SourceFile};
pub use state::State;
