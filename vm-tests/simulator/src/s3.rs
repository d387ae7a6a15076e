//! The two kinds of file hosts: S3 by path (`/<bucket>/<key>`), read only, public or signed; and plain hosts,
//! such as a package repository.

use crate::access;
use crate::aws::Aws;
use crate::files;
use crate::front::Call;
use crate::reply::Reply;
use crate::trouble::Trouble;
use axum::http::Method;
use std::path::Path;

const NO_SUCH_KEY: Trouble = Trouble::File(404, "NoSuchKey", "The specified key does not exist.");
const NO_SUCH_BUCKET: Trouble = Trouble::File(404, "NoSuchBucket", "The specified bucket does not exist");
const NOT_ALLOWED: Trouble =
    Trouble::File(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");

/// An object; whoever signs must sign rightly, and whoever does not may read all the same.
pub async fn object(aws: &Aws, call: &Call) -> Result<Reply, Trouble> {
    if call.header("authorization").is_some() {
        access::session(aws, call, "s3")?;
    }
    let reply = file(&aws.objects, call).await.map_err(|trouble| match trouble {
        NO_SUCH_KEY if !bucket_exists(&aws.objects, call) => NO_SUCH_BUCKET,
        other => other,
    })?;
    Ok(reply.with("server", "AmazonS3"))
}

/// A file of a plain host.
pub async fn plain_file(folder: &Path, call: &Call) -> Result<Reply, Trouble> {
    file(folder, call).await
}

async fn file(root: &Path, call: &Call) -> Result<Reply, Trouble> {
    if call.method != Method::GET && call.method != Method::HEAD {
        return Err(NOT_ALLOWED);
    }
    let path = files::below(root, call.path()).ok_or(NO_SUCH_KEY)?;
    match files::serve(&path, &call.method, &call.headers).await {
        Ok(response) => Ok(Reply::Through(response)),
        Err(_) => Err(NO_SUCH_KEY),
    }
}

fn bucket_exists(objects: &Path, call: &Call) -> bool {
    let bucket = call.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    files::below(objects, bucket).is_some_and(|folder| folder.is_dir())
}
