// The declaration of an object: its members, each with name, place, kind and description, once.
// From it come reading (with every mistake reported), the normal form, the JSON Schema and the
// documentation.
//
//   static const auto object = Object<Policy>()
//       .member("cleanup", &Policy::cleanup, one_of<Cleanup>({{"never", Cleanup::never}, ...}),
//       "What `forget` ...") .member(...);
//
// A member's default is what a value-initialised Owner has there.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request/kind.hpp"

namespace stepop::request {

// What the documentation says of one member.
struct MemberText {
  std::string name;
  std::string expected;
  std::string default_;  // empty: none
  std::string description;
  bool required = false;
  std::vector<MemberText> members;  // of an object
};

// Of a schema, with what all members share.
json::object described(json::object schema, const std::string& description, const json::value& default_, bool required);
json::object object_schema(json::object properties, json::array required, json::array exclusions);
std::string default_text(const json::value& default_, bool required);
void report_missing(const Reader& place, const std::string& expected, const std::string& description);
void report_null(const Reader& place, const std::string& expected, bool required);
void report_deprecated(const Reader& place, const std::string& instead);
json::object deprecated_schema(json::object schema);
json::object nullable(json::object schema);

template <class Owner>
class Object {
 public:
  struct Member {
    std::string name;
    std::string description;
    std::string expected;
    bool required = false;
    json::object schema;
    std::function<void(const json::value&, Owner&, const Reader&)> read;
    std::function<json::value(const Owner&)> write;  // null: it is read for its mistakes alone
    std::vector<MemberText> members;
  };
  using Check = std::function<void(const Owner&, const Reader&)>;

  template <class T>
  Object& member(std::string name, T Owner::*place, const Kind<T>& kind, std::string description) {
    Member member;
    member.name = std::move(name);
    member.description = std::move(description);
    member.expected = kind.expected;
    member.schema = kind.schema;
    member.read = [place, read = kind.read](const json::value& value, Owner& into, const Reader& here) {
      read(value, into.*place, here);
    };
    member.write = [place, write = kind.write](const Owner& from) { return write(from.*place); };
    members_.push_back(std::move(member));
    return *this;
  }

  // A member that is an object itself.
  template <class T>
  Object& member(std::string name, T Owner::*place, const Object<T>& object, std::string description) {
    Kind<T> kind = kind_of(object);
    member(std::move(name), place, kind, std::move(description));
    members_.back().members = object.texts();
    return *this;
  }

  // Of the member declared last:
  Object& required() {
    members_.back().required = true;
    return *this;
  }

  // A member of earlier days: it is checked, warned of, and has no effect. `instead`: what to use.
  template <class T>
  Object& deprecated(std::string name, const Kind<T>& kind, std::string instead) {
    Member member;
    member.name = std::move(name);
    member.description = "Deprecated, without effect: " + instead;
    member.expected = kind.expected;
    member.schema = deprecated_schema(kind.schema);
    member.read = [instead, read = kind.read](const json::value& value, Owner&, const Reader& here) {
      T ignored{};
      const std::size_t before = here.mistakes();
      read(value, ignored, here);
      if (here.mistakes() == before) report_deprecated(here, instead);
    };
    members_.push_back(std::move(member));
    return *this;
  }

  // It is an object of Kubernetes' API: a member that is null is one that is not given.
  Object& null_is_absent() {
    null_is_absent_ = true;
    return *this;
  }

  // The members of a part stand beside the owner's own.
  template <class Part>
  Object& members_of(Part Owner::*place, const Object<Part>& part) {
    for (const auto& theirs : part.members()) {
      Member member;
      member.name = theirs.name;
      member.description = theirs.description;
      member.expected = theirs.expected;
      member.required = theirs.required;
      member.schema = theirs.schema;
      member.members = theirs.members;
      member.read = [place, read = theirs.read](const json::value& value, Owner& into, const Reader& here) {
        read(value, into.*place, here);
      };
      if (theirs.write) {
        member.write = [place, write = theirs.write](const Owner& from) { return write(from.*place); };
      }
      members_.push_back(std::move(member));
    }
    for (const auto& theirs : part.checks()) {
      checks_.push_back([place, theirs](const Owner& read, const Reader& here) { theirs(read.*place, here); });
    }
    return *this;
  }

  // What to say to those who write `name` here, where it is not known.
  Object& misplaced(std::string name, std::string hint) {
    misplaced_.emplace_back(std::move(name), std::move(hint));
    return *this;
  }
  // Those names belong into the member `place`.
  template <class T>
  Object& misplaced(const Object<T>& other, const std::string& place) {
    for (const auto& member : other.members()) misplaced(member.name, "it belongs in `" + place + "`");
    return *this;
  }

  // A rule over several members; it is asked only when each of them has read.
  Object& check(Check check) {
    checks_.push_back(std::move(check));
    return *this;
  }

  void read(const json::object& object, Owner& into, const Reader& here) const {
    const std::size_t before = here.mistakes();
    for (const auto& [key, value] : object) {
      const std::string_view name(key.data(), key.size());
      const Member* member = find(name);
      if (!member) {
        report_unknown_key(here, name, names(), misplaced_);
        continue;
      }
      const Reader place = here.member(name);
      if (value.is_null()) {
        if (!null_is_absent_) report_null(place, member->expected, member->required);
      } else {
        member->read(value, into, place);
      }
    }
    for (const auto& member : members_) {
      if (member.required && !object.contains(member.name)) {
        report_missing(here.member(member.name), member.expected, member.description);
      }
    }
    if (here.mistakes() != before) return;
    for (const auto& check : checks_) check(into, here);
  }

  // All members in normal form.
  json::object write(const Owner& from) const {
    json::object object;
    for (const auto& member : members_) {
      if (member.write) object[member.name] = member.write(from);
    }
    return object;
  }

  json::object schema() const {
    const Owner defaults{};
    json::object properties;
    json::array required;
    for (const auto& member : members_) {
      auto schema = null_is_absent_ ? nullable(member.schema) : member.schema;
      properties[member.name] =
          described(std::move(schema), member.description, default_of(member, defaults), member.required);
      if (member.required) required.emplace_back(member.name);
    }
    return object_schema(std::move(properties), std::move(required), {});
  }

  std::vector<MemberText> texts() const {
    const Owner defaults{};
    std::vector<MemberText> texts;
    for (const auto& member : members_) {
      texts.push_back({member.name, member.expected, default_text(default_of(member, defaults), member.required),
                       member.description, member.required, member.members});
    }
    return texts;
  }

  const std::vector<Member>& members() const { return members_; }
  const std::vector<Check>& checks() const { return checks_; }

 private:
  static json::value default_of(const Member& member, const Owner& defaults) {
    return member.write ? member.write(defaults) : json::value(nullptr);
  }

  const Member* find(std::string_view name) const {
    for (const auto& member : members_) {
      if (member.name == name) return &member;
    }
    return nullptr;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& member : members_) {
      if (member.write) names.push_back(member.name);  // nobody is led to a deprecated one
    }
    return names;
  }

  std::vector<Member> members_;
  std::vector<Check> checks_;
  std::vector<std::pair<std::string, std::string>> misplaced_;
  bool null_is_absent_ = false;
};

// `object` must outlive the kind: it is one of the declarations, which live as long as the program.
template <class T>
Kind<T> kind_of(const Object<T>& object) {
  Kind<T> kind;
  kind.expected = "an object";
  kind.schema = object.schema();
  kind.read = [&object](const json::value& value, T& into, const Reader& here) {
    if (!value.is_object()) return report_wrong_type(here, value, "an object");
    object.read(value.get_object(), into, here);
  };
  kind.write = [&object](const T& from) { return json::value(object.write(from)); };
  return kind;
}

}  // namespace stepop::request
