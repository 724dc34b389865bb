#include "scripted_operator.hpp"

STEPOP_PLUGIN(stepop::test::scripted_description)
