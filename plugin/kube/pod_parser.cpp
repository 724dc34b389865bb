#include "kube/pod_parser.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <limits>

namespace stepop::kube {

namespace {

namespace json = boost::json;
using json::error_code;

// Kubernetes objects are some 20 levels deep at most (managedFields). Deeper is not one.
constexpr std::size_t deepest = 128;

/// The annotation of the bookmark that ends a streaming list.
constexpr std::string_view initial_events_end_annotation = "k8s.io/initial-events-end";

/// Where in a document we are: every object and array that is entered.
enum class Place : std::uint8_t {
  Line,    // {"type": …, "object": …}
  List,    // a PodList
  Object,  // a Pod, a Status or a bookmark: their fields do not collide
  Items,
  Metadata,
  Labels,
  Annotations,
  OwnerReferences,
  OwnerReference,
  Finalizers,
  Spec,
  SchedulingGates,
  SchedulingGate,
  InitContainers,
  Containers,
  Container,
  Resources,
  Limits,
  Requests,
  PodStatus,
  Conditions,
  Condition,
  InitContainerStatuses,
  ContainerStatuses,
  ContainerStatus,
  State,
  Waiting,
  Running,
  Terminated,
  ListMeta,
  Details,
  Causes,
  Cause,
};

bool is_array(Place place) {
  switch (place) {
    case Place::Items:
    case Place::OwnerReferences:
    case Place::Finalizers:
    case Place::SchedulingGates:
    case Place::InitContainers:
    case Place::Containers:
    case Place::Conditions:
    case Place::InitContainerStatuses:
    case Place::ContainerStatuses:
    case Place::Causes:
      return true;
    default:
      return false;
  }
}

/// What becomes of the next value.
struct Target {
  enum class Kind : std::uint8_t {
    Skip,
    Enter,      // an object or array: `place`
    Text,       // std::string
    Time,       // std::optional<Timestamp>
    Int,        // int
    Int64,      // std::optional<std::int64_t>
    Seconds,    // std::optional<std::chrono::seconds>
    Bool,       // bool
    MaybeBool,  // std::optional<bool>
    MapEntry,   // a value of StringMap, under map_key_
    ListEntry,  // appended to std::vector<std::string>
    Phase,      // PodPhase
    EventType,  // WatchLine::Type
  };
  Kind kind = Kind::Skip;
  Place place = Place::Line;
  void* at = nullptr;
};

Target enter(Place place) {
  return {Target::Kind::Enter, place, nullptr};
}
Target text(std::string& at) {
  return {Target::Kind::Text, {}, &at};
}
Target time(std::optional<Timestamp>& at) {
  return {Target::Kind::Time, {}, &at};
}
Target number(std::int32_t& at) {
  return {Target::Kind::Int, {}, &at};
}
Target number(std::optional<std::int64_t>& at) {
  return {Target::Kind::Int64, {}, &at};
}
Target flag(bool& at) {
  return {Target::Kind::Bool, {}, &at};
}
constexpr Target skip{};

PodPhase phase_of(std::string_view name) {
  for (const PodPhase phase :
       {PodPhase::Pending, PodPhase::Running, PodPhase::Succeeded, PodPhase::Failed, PodPhase::Unknown}) {
    if (name == phase_name(phase)) return phase;
  }
  return PodPhase::None;
}

WatchLine::Type type_of(std::string_view name) {
  if (name == "ADDED") return WatchLine::Type::Added;
  if (name == "MODIFIED") return WatchLine::Type::Modified;
  if (name == "DELETED") return WatchLine::Type::Deleted;
  if (name == "BOOKMARK") return WatchLine::Type::Bookmark;
  if (name == "ERROR") return WatchLine::Type::Error;
  return WatchLine::Type::Malformed;
}

/// Receives what Boost.JSON's parser finds, and keeps what has a field.
class Handler {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = max_array_size;
  static constexpr std::size_t max_string_size = max_array_size;
  static constexpr std::size_t max_key_size = max_array_size;

  // What the document holds. Of these only what `root` can contain is filled.
  Place root = Place::Object;
  Pod pod{};
  Status status{};
  std::string kind{};
  WatchLine::Type type = WatchLine::Type::Malformed;
  bool has_object = false;
  bool is_object = false;  // the document itself
  PodList list{};

  bool on_document_begin(error_code&) {
    pod_ = &pod;
    target_ = enter(root);
    return true;
  }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) { return begin(false); }
  bool on_object_end(std::size_t, error_code&) { return end(); }
  bool on_array_begin(error_code&) { return begin(true); }
  bool on_array_end(std::size_t, error_code&) { return end(); }

  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    if (skipping_ == 0) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    if (skipping_ != 0) return true;
    if (key_.empty()) {
      target_ = target_of({part.data(), part.size()});
    } else {
      key_.append(part.data(), part.size());
      target_ = target_of(key_);
      key_.clear();
    }
    return true;
  }

  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    if (skipping_ == 0) value_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code&) {
    if (skipping_ != 0) return true;
    if (value_.empty()) {
      assign(take_target(), std::string_view(part.data(), part.size()));
    } else {
      value_.append(part.data(), part.size());
      assign(take_target(), value_);
      value_.clear();
    }
    return true;
  }

  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, error_code&) {
    if (skipping_ == 0) assign(take_target(), value);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, error_code&) {
    if (skipping_ != 0) return true;
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    if (value <= largest) assign(take_target(), static_cast<std::int64_t>(value));
    return true;
  }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool value, error_code&) {
    if (skipping_ != 0) return true;
    const Target target = take_target();
    if (target.kind == Target::Kind::Bool) {
      *static_cast<bool*>(target.at) = value;
    } else if (target.kind == Target::Kind::MaybeBool) {
      *static_cast<std::optional<bool>*>(target.at) = value;
    }
    return true;
  }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  bool begin(bool array) {
    if (skipping_ != 0) {
      ++skipping_;
      return true;
    }
    const Target target = take_target();
    if (target.kind != Target::Kind::Enter || is_array(target.place) != array) {
      skipping_ = 1;
      return true;
    }
    stack_.push_back(target.place);
    on_enter(target.place);
    return true;
  }

  bool end() {
    if (skipping_ != 0) {
      --skipping_;
    } else {
      stack_.pop_back();
    }
    return true;
  }

  /// Of the value that comes now: what its key said, or what its array holds.
  Target take_target() {
    if (stack_.empty() || !is_array(stack_.back())) {
      const Target target = target_;
      target_ = skip;
      return target;
    }
    switch (stack_.back()) {
      case Place::Items:
        return enter(Place::Object);
      case Place::OwnerReferences:
        return enter(Place::OwnerReference);
      case Place::SchedulingGates:
        return enter(Place::SchedulingGate);
      case Place::InitContainers:
      case Place::Containers:
        return enter(Place::Container);
      case Place::Conditions:
        return enter(Place::Condition);
      case Place::InitContainerStatuses:
      case Place::ContainerStatuses:
        return enter(Place::ContainerStatus);
      case Place::Causes:
        return enter(Place::Cause);
      case Place::Finalizers:
        return {Target::Kind::ListEntry, {}, &pod_->metadata.finalizers};
      default:
        return skip;
    }
  }

  /// An element is made when it is entered; its array is one level below it on the stack.
  void on_enter(Place place) {
    if (stack_.size() == 1) is_object = true;
    const Place parent = stack_.size() > 1 ? stack_[stack_.size() - 2] : place;
    switch (place) {
      case Place::Object:
        if (parent == Place::Items) pod_ = &list.items.emplace_back();
        has_object = true;
        break;
      case Place::OwnerReference:
        owner_ = &pod_->metadata.owner_references.emplace_back();
        break;
      case Place::SchedulingGate:
        gate_ = &pod_->scheduling_gates.emplace_back();
        break;
      case Place::Container:
        container_ = &(parent == Place::InitContainers ? pod_->init_containers : pod_->containers).emplace_back();
        break;
      case Place::Condition:
        condition_ = &pod_->conditions.emplace_back();
        break;
      case Place::ContainerStatus:
        container_status_ =
            &(parent == Place::InitContainerStatuses ? pod_->init_container_statuses : pod_->container_statuses)
                 .emplace_back();
        break;
      case Place::Waiting:
        state_->kind = ContainerState::Kind::Waiting;
        break;
      case Place::Running:
        state_->kind = ContainerState::Kind::Running;
        break;
      case Place::Terminated:
        state_->kind = ContainerState::Kind::Terminated;
        break;
      case Place::Cause:
        cause_ = &status.details.causes.emplace_back();
        break;
      default:
        break;
    }
  }

  Target target_of(std::string_view key) {
    switch (stack_.back()) {
      case Place::Line:
        if (key == "type") return {Target::Kind::EventType, {}, &type};
        if (key == "object") return enter(Place::Object);
        return skip;
      case Place::List:
        if (key == "items") return enter(Place::Items);
        if (key == "metadata") return enter(Place::ListMeta);
        if (key == "kind") return text(kind);
        return skip;
      case Place::ListMeta:
        if (key == "resourceVersion") return text(list.resource_version);
        if (key == "continue") return text(list.continue_token);
        return skip;
      case Place::Object:
        return of_object(key);
      case Place::Metadata:
        return of_metadata(key);
      case Place::Labels:
        return map_entry(pod_->metadata.labels, key);
      case Place::Annotations:
        return map_entry(pod_->metadata.annotations, key);
      case Place::OwnerReference:
        if (key == "kind") return text(owner_->kind);
        if (key == "name") return text(owner_->name);
        if (key == "uid") return text(owner_->uid);
        if (key == "controller") return flag(owner_->controller);
        return skip;
      case Place::Spec:
        return of_spec(key);
      case Place::SchedulingGate:
        return key == "name" ? text(*gate_) : skip;
      case Place::Container:
        if (key == "name") return text(container_->name);
        if (key == "image") return text(container_->image);
        if (key == "resources") return enter(Place::Resources);
        if (key == "restartPolicy") return text(container_->restart_policy);
        return skip;
      case Place::Resources:
        if (key == "limits") return enter(Place::Limits);
        if (key == "requests") return enter(Place::Requests);
        return skip;
      case Place::Limits:
        return key == "memory" ? text(container_->memory_limit) : skip;
      case Place::Requests:
        return key == "memory" ? text(container_->memory_request) : skip;
      case Place::PodStatus:
        return of_pod_status(key);
      case Place::Condition:
        if (key == "type") return text(condition_->type);
        if (key == "status") return text(condition_->status);
        if (key == "reason") return text(condition_->reason);
        if (key == "message") return text(condition_->message);
        if (key == "lastTransitionTime") return time(condition_->last_transition);
        return skip;
      case Place::ContainerStatus:
        return of_container_status(key);
      case Place::State:
        if (key == "waiting") return enter(Place::Waiting);
        if (key == "running") return enter(Place::Running);
        if (key == "terminated") return enter(Place::Terminated);
        return skip;
      case Place::Waiting:
      case Place::Running:
      case Place::Terminated:
        if (key == "reason") return text(state_->reason);
        if (key == "message") return text(state_->message);
        if (key == "exitCode") return number(state_->exit_code);
        if (key == "signal") return number(state_->signal);
        if (key == "startedAt") return time(state_->started_at);
        if (key == "finishedAt") return time(state_->finished_at);
        if (key == "containerID") return text(state_->container_id);
        return skip;
      case Place::Details:
        if (key == "name") return text(status.details.name);
        if (key == "group") return text(status.details.group);
        if (key == "kind") return text(status.details.kind);
        if (key == "uid") return text(status.details.uid);
        if (key == "causes") return enter(Place::Causes);
        if (key == "retryAfterSeconds") {
          return {Target::Kind::Seconds, {}, &status.details.retry_after};
        }
        return skip;
      case Place::Cause:
        if (key == "reason") return text(cause_->reason);
        if (key == "message") return text(cause_->message);
        if (key == "field") return text(cause_->field);
        return skip;
      default:
        return skip;
    }
  }

  Target of_object(std::string_view key) {
    if (key == "metadata") return enter(Place::Metadata);
    if (key == "spec") return enter(Place::Spec);
    if (key == "status") return enter(Place::PodStatus);                // of a Status it is a string: ignored
    if (key == "kind") return root == Place::List ? skip : text(kind);  // a list's items do not name the list
    if (key == "code") return number(status.code);
    if (key == "reason") return text(status.reason);
    if (key == "message") return text(status.message);
    if (key == "details") return enter(Place::Details);
    return skip;
  }

  Target of_metadata(std::string_view key) {
    ObjectMeta& meta = pod_->metadata;
    if (key == "name") return text(meta.name);
    if (key == "namespace") return text(meta.namespace_);
    if (key == "uid") return text(meta.uid);
    if (key == "resourceVersion") return text(meta.resource_version);
    if (key == "labels") return enter(Place::Labels);
    if (key == "annotations") return enter(Place::Annotations);
    if (key == "creationTimestamp") return time(meta.creation_timestamp);
    if (key == "deletionTimestamp") return time(meta.deletion_timestamp);
    if (key == "deletionGracePeriodSeconds") return number(meta.deletion_grace_seconds);
    if (key == "ownerReferences") return enter(Place::OwnerReferences);
    if (key == "finalizers") return enter(Place::Finalizers);
    return skip;
  }

  Target of_spec(std::string_view key) {
    if (key == "nodeName") return text(pod_->node_name);
    if (key == "restartPolicy") return text(pod_->restart_policy);
    if (key == "serviceAccountName") return text(pod_->service_account_name);
    if (key == "activeDeadlineSeconds") return number(pod_->active_deadline_seconds);
    if (key == "terminationGracePeriodSeconds") return number(pod_->termination_grace_seconds);
    if (key == "schedulingGates") return enter(Place::SchedulingGates);
    if (key == "initContainers") return enter(Place::InitContainers);
    if (key == "containers") return enter(Place::Containers);
    if (key == "suspend") return flag(pod_->suspended);
    if (key == "completions") return number(pod_->completions);
    return skip;
  }

  Target of_pod_status(std::string_view key) {
    if (key == "phase") return {Target::Kind::Phase, {}, &pod_->phase};
    if (key == "reason") return text(pod_->reason);
    if (key == "message") return text(pod_->message);
    if (key == "conditions") return enter(Place::Conditions);
    if (key == "startTime") return time(pod_->start_time);
    if (key == "podIP") return text(pod_->pod_ip);
    if (key == "hostIP") return text(pod_->host_ip);
    if (key == "initContainerStatuses") return enter(Place::InitContainerStatuses);
    if (key == "containerStatuses") return enter(Place::ContainerStatuses);
    return skip;
  }

  Target of_container_status(std::string_view key) {
    if (key == "name") return text(container_status_->name);
    if (key == "ready") return flag(container_status_->ready);
    if (key == "restartCount") return number(container_status_->restart_count);
    if (key == "image") return text(container_status_->image);
    if (key == "containerID") return text(container_status_->container_id);
    if (key == "started") return {Target::Kind::MaybeBool, {}, &container_status_->started};
    if (key == "state") {
      state_ = &container_status_->state;
      return enter(Place::State);
    }
    if (key == "lastState") {
      state_ = &container_status_->last_state;
      return enter(Place::State);
    }
    return skip;
  }

  Target map_entry(StringMap& map, std::string_view key) {
    map_key_ = key;
    return {Target::Kind::MapEntry, {}, &map};
  }

  void assign(const Target& target, std::string_view value) {
    switch (target.kind) {
      case Target::Kind::Text:
        static_cast<std::string*>(target.at)->assign(value);
        break;
      case Target::Kind::Time:
        *static_cast<std::optional<Timestamp>*>(target.at) = parse_rfc3339(value);
        break;
      case Target::Kind::MapEntry:
        static_cast<StringMap*>(target.at)->set(map_key_, std::string(value));
        break;
      case Target::Kind::ListEntry:
        static_cast<std::vector<std::string>*>(target.at)->emplace_back(value);
        break;
      case Target::Kind::Phase:
        *static_cast<PodPhase*>(target.at) = phase_of(value);
        break;
      case Target::Kind::EventType:
        *static_cast<WatchLine::Type*>(target.at) = type_of(value);
        break;
      default:
        break;
    }
  }

  void assign(const Target& target, std::int64_t value) {
    switch (target.kind) {
      case Target::Kind::Int:
        if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
          *static_cast<std::int32_t*>(target.at) = static_cast<std::int32_t>(value);
        }
        break;
      case Target::Kind::Int64:
        *static_cast<std::optional<std::int64_t>*>(target.at) = value;
        break;
      case Target::Kind::Seconds:
        if (value >= 0) {
          *static_cast<std::optional<std::chrono::seconds>*>(target.at) = std::chrono::seconds{value};
        }
        break;
      default:
        break;
    }
  }

  std::vector<Place> stack_{};
  std::size_t skipping_ = 0;  // depth within a value that has no field
  Target target_{};
  std::string key_{};  // of a key or a string with escapes, which comes in parts
  std::string value_{};
  std::string map_key_{};

  // Where the fields of the place that we are in belong.
  Pod* pod_ = nullptr;
  OwnerReference* owner_ = nullptr;
  std::string* gate_ = nullptr;
  Container* container_ = nullptr;
  PodCondition* condition_ = nullptr;
  ContainerStatus* container_status_ = nullptr;
  ContainerState* state_ = nullptr;
  Status::Cause* cause_ = nullptr;
};

class Document {
 public:
  explicit Document(Place root) : parser_(options()) { parser_.handler().root = root; }

  /// Empty, or why the text cannot be read.
  std::string read(std::string_view text) {
    error_code error;
    const std::size_t used = parser_.write_some(false, text.data(), text.size(), error);
    if (error) return "no JSON at byte " + std::to_string(used) + ": " + error.message();
    if (text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
      return "something follows the JSON at byte " + std::to_string(used);
    }
    if (!parser_.handler().is_object) return "no JSON object";
    return {};
  }

  Handler& content() { return parser_.handler(); }

 private:
  static json::parse_options options() {
    json::parse_options out;
    out.max_depth = deepest;
    return out;
  }
  json::basic_parser<Handler> parser_;
};

template <class T>
std::optional<T> refused(std::string* why, std::string problem) {
  if (why != nullptr) *why = std::move(problem);
  return std::nullopt;
}

}  // namespace

std::optional<Pod> parse_pod(std::string_view text, std::string* why, Resource resource) {
  Document document(Place::Object);
  if (std::string problem = document.read(text); !problem.empty()) {
    return refused<Pod>(why, std::move(problem));
  }
  Handler& content = document.content();
  const std::string kind(kind_name(resource));
  if (content.kind != kind && !content.kind.empty()) {
    return refused<Pod>(why, "a " + content.kind + ", not a " + kind);
  }
  return std::move(content.pod);
}

std::optional<PodList> parse_pod_list(std::string_view text, std::string* why, Resource resource) {
  Document document(Place::List);
  if (std::string problem = document.read(text); !problem.empty()) {
    return refused<PodList>(why, std::move(problem));
  }
  Handler& content = document.content();
  const std::string kind = std::string(kind_name(resource)) + "List";
  if (content.kind != kind && content.kind != "List" && !content.kind.empty()) {
    return refused<PodList>(why, "a " + content.kind + ", not a " + kind);
  }
  return std::move(content.list);
}

WatchLine parse_watch_line(std::string_view text, Resource resource) {
  WatchLine line;
  Document document(Place::Line);
  line.problem = document.read(text);
  if (!line.problem.empty()) return line;
  Handler& content = document.content();
  if (content.type == WatchLine::Type::Malformed) {
    line.problem = "no known event type";
    return line;
  }
  if (!content.has_object) {
    line.problem = "an event without an object";
    return line;
  }
  if (content.type != WatchLine::Type::Error && !content.kind.empty() && content.kind != kind_name(resource)) {
    line.problem = "an event of a " + content.kind + ", not of a " + std::string(kind_name(resource));
    return line;
  }
  line.type = content.type;
  line.pod = std::move(content.pod);
  line.status = std::move(content.status);
  line.initial_events_end = line.type == WatchLine::Type::Bookmark &&
                            line.pod.metadata.annotations.get(initial_events_end_annotation) == "true";
  return line;
}

std::optional<Status> parse_status(std::string_view body) {
  Document document(Place::Object);
  if (!document.read(body).empty()) return std::nullopt;
  Handler& content = document.content();
  if (content.kind != "Status") return std::nullopt;
  return std::move(content.status);
}

}  // namespace stepop::kube
