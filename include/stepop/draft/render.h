/* render.h: the extension "stepop.render/1": what a request becomes where its step will run, before it runs. A draft.
 *
 * A draft may still change: together with stepop.h's minor version while that is 0.x, under another number from 1.0 on.
 * A host asks for it by name, and does without where it is not there:
 *
 *     const stepop_render* render = plugin->get_extension(STEPOP_EXT_RENDER);
 *     if (render != NULL) code = render->render(op, request, 1, 10000, &text, &error);
 *
 * The rules of stepop.h hold here too.
 */
#ifndef STEPOP_DRAFT_RENDER_H
#define STEPOP_DRAFT_RENDER_H

#include <stepop/stepop.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STEPOP_EXT_RENDER "stepop.render/1"

/* OWNERSHIP: the plugin's; valid while the library is loaded. */
typedef struct stepop_render {
  uint32_t struct_size;
  uint32_t reserved;

  /* What `submit` would make of this request, and, when `dry_run` is 1 (else 0), what the cluster says of it. Creates
   * nothing, and does not make the step known. `request` is as `submit` takes it. `*out` is a JSON object:
   *
   *   {"manifests": [{...}, ...],        the objects of the step's first attempt, in the order in which they are made;
   *                                      of Kubernetes: whole manifests, each with its name and namespace
   *    "accepted": [{...} | null, ...],  with `dry_run` alone, one for each manifest: the object as it would be kept,
   *                                      with every default filled in; null where it would be refused, or is there
   *                                      already
   *    "findings": [...]}                as `check` has them. With `dry_run`: why one is refused (quota, admission, an
   *                                      invalid or unknown field), and what is accepted with a warning. `path` is the
   *                                      place in this very object, e.g. "manifests[0].spec.containers[0].image"
   *
   * Values of secrets are never in it: "***" stands for each, in `accepted` too.
   * Returns OK when the question could be asked, whatever the answer: a refusal is a null and a finding of level "error", or
   * "warning" where the step would wait for room instead of failing. `timeout_ms` is for the asking: without `dry_run`
   * nothing is sent.
   * Errors: INVALID, TIMEOUT, UNAVAILABLE, UNSUPPORTED (this flavor has nothing to show).
   * [thread-safe, blocks: timeout_ms] */
  stepop_code (*render)(stepop_operator* op, const char* request, uint32_t dry_run, int64_t timeout_ms,
                        stepop_text** out, stepop_error** error);
} stepop_render;

#ifdef __cplusplus
}
#endif

#endif /* STEPOP_DRAFT_RENDER_H */
