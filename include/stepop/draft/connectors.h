/* connectors.h: the extension "stepop.connectors/1": service connectors, from a cloud's credentials to access to a cluster. A
 * draft.
 *
 * A draft may still change: together with stepop.h's minor version while that is 0.x, under another number from 1.0 on.
 * A host asks for it by name, and does without where it is not there. The rules of stepop.h hold here too, with one addition:
 * the environment (AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, AZURE_CLIENT_ID, ...) is read inside each call that takes
 * `timeout_ms`, on its caller's thread.
 *
 * A connector is a JSON object, under ZenML's names:
 *
 *   {"type": "aws",                        as `types` lists them
 *    "auth_method": "iam-role",
 *    "configuration": {...},               the method's attributes; secrets as they are, not as references
 *    "resource_type": "kubernetes-cluster",  optional: the only one
 *    "resource_id": "blue",                optional: the cluster that is meant where a call names none
 *    "expiration_seconds": 3600,           optional, of methods that issue credentials
 *    "expires_at": "2026-01-31T12:00:00Z"} optional, of credentials that somebody else issued
 *
 * A flavor's configuration takes the same object as "connector", beside "connector_resource_id", where its schema says so.
 */
#ifndef STEPOP_DRAFT_CONNECTORS_H
#define STEPOP_DRAFT_CONNECTORS_H

#include <stepop/stepop.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STEPOP_EXT_CONNECTORS "stepop.connectors/1"

/* Errors of all that take `timeout_ms`: INVALID (with every mistake's path in the connector), FORBIDDEN (the credentials are
 * refused, have expired, or none were found), NOT_FOUND (no such cluster), UNAVAILABLE, TIMEOUT. No message holds a secret.
 * OWNERSHIP: the plugin's; valid while the library is loaded. */
typedef struct stepop_connectors {
  uint32_t struct_size;
  uint32_t reserved;

  /* What there is: a JSON array of
   *   {"type", "title", "resource_types": [{"resource_type", "resource_id": what it is, in words}],
   *    "auth_methods": [{"auth_method", "title", "expiration_seconds"?: {"default", "minimum", "maximum"},
   *                      "attributes": [{"name", "title", "type": "text"|"boolean"|"list", "secret", "required"}]}]}
   * [thread-safe, non-blocking] */
  stepop_code (*types)(stepop_text** out, stepop_error** error);

  /* Is the connector right by its form? Asks nobody. [thread-safe, non-blocking] */
  stepop_code (*validate)(const char* connector, stepop_error** error);

  /* Are its credentials accepted? {"identity": whose they are, or "", "expires_at"?: RFC 3339}.
   * [thread-safe, blocks: timeout_ms] */
  stepop_code (*verify)(const char* connector, int64_t timeout_ms, stepop_text** out, stepop_error** error);

  /* The clusters that it reaches, over all pages: a JSON array of
   *   {"resource_id", "name", "location", "status", "version"}
   * `resource_type` is "kubernetes-cluster". [thread-safe, blocks: timeout_ms] */
  stepop_code (*list_resources)(const char* connector, const char* resource_type, int64_t timeout_ms, stepop_text** out,
                                stepop_error** error);

  /* One of them, as list_resources has it. `resource_id` may be NULL: the connector's own.
   * [thread-safe, blocks: timeout_ms] */
  stepop_code (*describe_resource)(const char* connector, const char* resource_id, int64_t timeout_ms,
                                   stepop_text** out, stepop_error** error);

  /* All that a client of the cluster needs, with fresh credentials:
   *   {"resource": {...}, "server", "certificate_authority"?: PEM, "insecure"?: true, "token"?, "username"?, "password"?,
   *    "client_certificate"?: PEM, "client_key"?: PEM, "expires_at"?: RFC 3339}
   * It HOLDS SECRETS: never print it. [thread-safe, blocks: timeout_ms] */
  stepop_code (*access)(const char* connector, const char* resource_id, int64_t timeout_ms, stepop_text** out,
                        stepop_error** error);
} stepop_connectors;

#ifdef __cplusplus
}
#endif

#endif /* STEPOP_DRAFT_CONNECTORS_H */
