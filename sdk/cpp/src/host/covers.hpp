// "A reader uses a member only when struct_size covers it" (stepop.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace stepop::host::detail {

// The value of `object.*member`, or `absent` when the object was built without that member.
template <class Object, class Member>
Member member_of(const Object& object, std::uint32_t struct_size, Member Object::*member, Member absent) noexcept {
  const auto* base = reinterpret_cast<const char*>(&object);
  const auto* at = reinterpret_cast<const char*>(&(object.*member));
  const auto end = static_cast<std::size_t>(at - base) + sizeof(Member);
  return end <= struct_size ? object.*member : absent;
}

}  // namespace stepop::host::detail
