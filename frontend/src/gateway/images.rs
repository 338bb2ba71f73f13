//! Images: looked up all at once, each pinned to what was found.

use std::collections::BTreeMap;

use buildkit_llb::{Definition, Image, Metadata, Platform, State};
use prost::Message;

use crate::emit::BaseImage;
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::{ImageRequest, ImageStore};
use crate::gateway::errors::FrontendFailure;
use crate::gateway::options::Options;
use crate::gateway::report::{image_location, location_of};
use crate::plan::Plan;
use crate::reference::ImageReference;

/// Where the engine puts the definition of the image that we were started from.
const OWN_IMAGE: &str = "/run/config/buildkit/metadata/frontend.bin";

pub(super) type Images = BTreeMap<ImageReference, BaseImage>;

/// Looks up the images of all plans at once and pins each to what was found.
pub(super) fn resolve_images(
    bridge: &Bridge,
    options: &Options,
    plans: &[(&Platform, &Plan)],
    file: &BuildFile,
) -> Result<Vec<Images>, FrontendFailure> {
    let wanted = |(platform, plan): &(&Platform, &Plan)| -> Vec<ImageRequest> {
        let images = plan.images();
        let requests = images.into_iter().map(|image| {
            let reference = image.clone().with_default_tag().to_string();
            ImageRequest {
                log_name: format!("[internal] load metadata for {reference}"),
                reference,
                platform: Some((*platform).clone()),
                resolve_mode: options.resolve_mode,
                store: ImageStore::Registry,
            }
        });
        requests.collect()
    };
    let requests: Vec<_> = plans.iter().flat_map(wanted).collect();
    let mut answers = bridge.resolve_images(&requests).into_iter();
    let mut resolved = Vec::new();
    for (platform, plan) in plans {
        let mut images = Images::new();
        for reference in plan.images() {
            let Some(answer) = answers.next() else { break };
            let answer =
                answer.map_err(|error| FrontendFailure::from(error).at(&image_location(file, reference)))?;
            let tagged = reference.clone().with_default_tag();
            let pinned = tagged.clone().with_digest(&answer.digest);
            let pinned = pinned.map_err(|error| FrontendFailure::of(&error))?;
            let config: serde_json::Value = serde_json::from_slice(&answer.config).unwrap_or_default();
            let name = format!("[base] {pinned}");
            let location = location_of(file, reference);
            let state = if is_empty_image(&config) {
                State::scratch()
            } else {
                Image::new(pinned.to_string())
                    .resolve_mode(options.resolve_mode)
                    .platform(platform)
                    .meta(Metadata::named(name).location(location))
                    .state()
            };
            images.insert(reference.clone(), BaseImage { state, config });
        }
        resolved.push(images);
    }
    Ok(resolved)
}

/// Whether an image has no layers: engines cannot unpack such, and nothing is lost by leaving it out.
fn is_empty_image(config: &serde_json::Value) -> bool {
    let empty = |value: Option<&serde_json::Value>| {
        value.and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
    };
    empty(config.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"))) && empty(config.get("history"))
}

/// Our own image, as the engine describes it to us.
pub(super) fn own_image() -> Option<State> {
    let bytes = std::fs::read(OWN_IMAGE).ok()?;
    let message = buildkit_proto::pb::Definition::decode(bytes.as_slice()).ok()?;
    State::from_definition(&Definition::from_pb(message).ok()?).ok()
}
