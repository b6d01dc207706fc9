// SPDX-License-Identifier: MIT
#pragma once

// Goes before every file of a test program that is built without exceptions. doctest then ends the program where a REQUIRE
// fails, which is loud enough, but its assertions about exceptions would hold of anything: here they do not compile.

#define DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS
#include <doctest/doctest.h>

#undef WARN_THROWS
#undef WARN_THROWS_AS
#undef WARN_THROWS_WITH
#undef WARN_THROWS_WITH_AS
#undef WARN_NOTHROW
#undef CHECK_THROWS
#undef CHECK_THROWS_AS
#undef CHECK_THROWS_WITH
#undef CHECK_THROWS_WITH_AS
#undef CHECK_NOTHROW
#undef REQUIRE_THROWS
#undef REQUIRE_THROWS_AS
#undef REQUIRE_THROWS_WITH
#undef REQUIRE_THROWS_WITH_AS
#undef REQUIRE_NOTHROW
