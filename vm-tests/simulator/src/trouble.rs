//! Everything that can be wrong with a call, and how each family of services words it. The same trouble has
//! a different name and status in SSM and ECS (JSON), in STS and in S3 (two kinds of XML).

use crate::reply::Reply;
use crate::services::Dialect;
use serde_json::json;

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// No Authorization header where one is needed.
    Unsigned,
    /// The access key or its session token was never issued here.
    UnknownKey,
    WrongSignature,
    /// The request's own date is too far from now; the text names both.
    Stale(String),
    ExpiredToken,
    AccessDenied(String),
    Throttled,
    ServerError,
    /// An operation's own error, always 400 and only in JSON services.
    Own(&'static str, String),
    /// A file service's own error.
    File(u16, &'static str, &'static str),
}

impl Trouble {
    /// An operation's own error.
    pub fn own(code: &'static str, message: impl Into<String>) -> Trouble {
        Trouble::Own(code, message.into())
    }

    /// The answer in the caller's dialect.
    pub fn reply(&self, dialect: Dialect) -> Reply {
        let (status, code) = self.status_and_code(dialect);
        let message = self.message();
        match dialect {
            Dialect::Json => Reply::json(status, &json!({"__type": code, "message": message}))
                .with("x-amzn-errortype", code),
            Dialect::Sts => {
                let fault = if status < 500 { "Sender" } else { "Receiver" };
                Reply::xml(
                    status,
                    format!(
                        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{fault}</Type>\
                         <Code>{code}</Code><Message>{message}</Message></Error>\
                         <RequestId>{}</RequestId></ErrorResponse>\n",
                        crate::identities::uuid()
                    ),
                )
            }
            Dialect::S3 => Reply::xml(
                status,
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                     <Message>{message}</Message><RequestId>{}</RequestId></Error>",
                    crate::identities::uuid()
                ),
            ),
            Dialect::Plain => Reply::text(status, format!("{message}\n")),
        }
    }

    fn status_and_code(&self, dialect: Dialect) -> (u16, &'static str) {
        use Trouble::*;
        match (self, dialect) {
            (Own(code, _), _) => (400, code),
            (File(status, code, _), _) => (*status, code),
            (Unsigned, Dialect::Json) => (400, "MissingAuthenticationTokenException"),
            (Unsigned, Dialect::Sts) => (403, "MissingAuthenticationToken"),
            (Unsigned | AccessDenied(_), Dialect::S3 | Dialect::Plain) => (403, "AccessDenied"),
            (UnknownKey, Dialect::Json) => (400, "UnrecognizedClientException"),
            (UnknownKey, Dialect::Sts) => (403, "InvalidClientTokenId"),
            (UnknownKey, _) => (403, "InvalidAccessKeyId"),
            (WrongSignature | Stale(_), Dialect::Json) => (400, "InvalidSignatureException"),
            (Stale(_), Dialect::S3) => (403, "RequestTimeTooSkewed"),
            (WrongSignature | Stale(_), _) => (403, "SignatureDoesNotMatch"),
            (ExpiredToken, Dialect::Json) => (400, "ExpiredTokenException"),
            (ExpiredToken, Dialect::Sts) => (403, "ExpiredToken"),
            (ExpiredToken, _) => (400, "ExpiredToken"),
            (AccessDenied(_), Dialect::Json) => (400, "AccessDeniedException"),
            (AccessDenied(_), Dialect::Sts) => (403, "AccessDenied"),
            (Throttled, Dialect::Json) => (400, "ThrottlingException"),
            (Throttled, Dialect::Sts) => (400, "Throttling"),
            (Throttled, _) => (503, "SlowDown"),
            (ServerError, Dialect::Json) => (500, "InternalServerError"),
            (ServerError, Dialect::Sts) => (500, "InternalFailure"),
            (ServerError, _) => (500, "InternalError"),
        }
    }

    fn message(&self) -> &str {
        match self {
            Trouble::Unsigned => "Missing Authentication Token",
            Trouble::UnknownKey => "The security token included in the request is invalid.",
            Trouble::WrongSignature => {
                "The request signature we calculated does not match the signature you provided."
            }
            Trouble::ExpiredToken => "The security token included in the request is expired",
            Trouble::Throttled => "Rate exceeded",
            Trouble::ServerError => "An internal error occurred.",
            Trouble::Stale(message) | Trouble::AccessDenied(message) | Trouble::Own(_, message) => message,
            Trouble::File(_, _, message) => message,
        }
    }
}
