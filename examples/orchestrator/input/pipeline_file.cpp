#include "input/pipeline_file.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "input/mapping_reader.hpp"
#include "input/secret.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

void note_uses(const Template& value, const std::string& file, const std::string& path, Place place, Step& step) {
  for (const Template::Part& part : value.parts) {
    if (const auto* reference = std::get_if<ResultReference>(&part))
      step.uses.push_back({*reference, file, path, place});
  }
}

// POSIX: a name has no "=", and an exec'd environment has no NUL.
bool check_variable_name(const YamlMember& member, const std::string& path, FileReading& reading) {
  const bool good =
      !member.name.empty() && member.name.find('=') == std::string::npos && member.name.find('\0') == std::string::npos;
  if (!good) {
    reading.complain(member.place, path,
                     "found \"" + member.name + "\" as the name of a variable, expected one without \"=\"");
  }
  return good;
}

class StepReader {
 public:
  StepReader(const YamlMember& member, const std::optional<std::string>& default_image,
             const std::optional<SettingsLayer>& shared_settings, FileReading& reading)
      : member_(member), reading_(reading), path_(child_path("steps", member.name)) {
    step_.name = member.name;
    step_.place = member.place;
    step_.step_operator_file = reading.file;
    step_.step_operator_place = member.place;
    step_.image = default_image;
    if (shared_settings) step_.layers.push_back(*shared_settings);
  }

  Step read() {
    check_name(member_.name, member_.place, path_, reading_);
    MappingReader mapping(member_.value, path_, reading_);
    if (!mapping.is_mapping()) return std::move(step_);
    step_.step_operator = mapping.take_string("step_operator").value_or("");
    if (const YamlMember* named = mapping.take("step_operator")) step_.step_operator_place = named->value.place;
    if (auto image = mapping.take_string("image")) step_.image = std::move(image);
    if (const YamlMember* command = mapping.take("command")) {
      step_.command = texts(*command);
      if (command->value.kind == YamlValue::Kind::sequence && command->value.items.empty()) {
        reading_.complain(command->value.place, child_path(path_, "command"),
                          "found an empty list, expected a program and its arguments");
      }
    }
    if (const YamlMember* args = mapping.take("args")) step_.args = texts(*args);
    if (const YamlMember* environment = mapping.take("environment")) {
      for (Variable& variable : read_variables(environment->value, child_path(path_, "environment"), reading_))
        set_variable(step_, std::move(variable), reading_.file);
    }
    if (const YamlMember* needs = mapping.take("needs")) read_needs(*needs);
    if (const YamlMember* settings = mapping.take("settings")) {
      step_.layers.push_back(
          read_settings(settings->value, child_path(path_, "settings"), BareSettings::allowed, reading_));
    }
    if (const YamlMember* secrets = mapping.take(kSecrets)) {
      SettingsLayer layer;
      layer.file = reading_.file;
      layer.all[kSecrets] = read_secrets(secrets->value, child_path(path_, kSecrets), reading_);
      step_.layers.push_back(std::move(layer));
    }
    mapping.finish();
    return std::move(step_);
  }

 private:
  std::vector<Template> texts(const YamlMember& list) {
    const std::string path = child_path(path_, list.name);
    std::vector<Template> result;
    if (list.value.kind != YamlValue::Kind::sequence) {
      const bool text = list.value.kind == YamlValue::Kind::scalar && list.value.scalar.is_string();
      reading_.complain(list.value.place, path, "found " + what_it_is(list.value) + ", expected a list of strings",
                        text ? "for a shell's line write [sh, -c, \"...\"]" : "");
      return result;
    }
    for (std::size_t i = 0; i < list.value.items.size(); ++i) {
      const YamlValue& item = list.value.items[i];
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      if (auto value = read_template_string(item, item_path, reading_)) {
        note_uses(*value, reading_.file, item_path, item.place, step_);
        result.push_back(std::move(*value));
      }
    }
    return result;
  }

  void read_needs(const YamlMember& needs) {
    const std::string path = child_path(path_, "needs");
    if (needs.value.kind != YamlValue::Kind::sequence) {
      const bool text = needs.value.kind == YamlValue::Kind::scalar && needs.value.scalar.is_string();
      reading_.complain(needs.value.place, path, "found " + what_it_is(needs.value) + ", expected a list of steps",
                        text ? "write [" + needs.value.written + "]" : "");
      return;
    }
    for (std::size_t i = 0; i < needs.value.items.size(); ++i) {
      const YamlValue& item = needs.value.items[i];
      if (auto name = read_string(item, path + "[" + std::to_string(i) + "]", reading_))
        step_.needs.push_back({std::move(*name), item.place});
    }
  }

  const YamlMember& member_;
  FileReading& reading_;
  std::string path_;
  Step step_;
};

json::array to_json(const std::vector<Template>& texts) {
  json::array array;
  for (const Template& text : texts) array.push_back(to_json(text));
  return array;
}

std::vector<Template> templates_from_json(const json::value& value) {
  std::vector<Template> texts;
  for (const json::value& text : value.as_array()) texts.push_back(template_from_json(text));
  return texts;
}

json::object to_json(const Step& step) {
  json::object environment;
  for (const Variable& variable : step.environment) environment[variable.name] = to_json(variable.value);
  json::array needs;
  for (const Need& need : step.needs) needs.emplace_back(need.step);
  json::object object{
      {"name", step.name},          {"step_operator", step.step_operator},   {"command", to_json(step.command)},
      {"args", to_json(step.args)}, {"environment", std::move(environment)}, {"needs", std::move(needs)},
      {"settings", step.settings}};
  if (step.image) object["image"] = *step.image;
  return object;
}

Step step_from_json(const json::object& object) {
  Step step;
  step.name = std::string(object.at("name").as_string());
  step.step_operator = std::string(object.at("step_operator").as_string());
  if (const json::value* image = object.if_contains("image")) step.image = std::string(image->as_string());
  step.command = templates_from_json(object.at("command"));
  step.args = templates_from_json(object.at("args"));
  for (const auto& variable : object.at("environment").as_object())
    step.environment.push_back({variable.key(), template_from_json(variable.value()), "", {}});
  for (const json::value& need : object.at("needs").as_array())
    step.needs.push_back({std::string(need.as_string()), {}});
  step.settings = object.at("settings").as_object();
  return step;
}

}  // namespace

std::optional<std::size_t> Pipeline::index_of(const std::string& step) const {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].name == step) return i;
  }
  return std::nullopt;
}

std::vector<Variable> read_variables(const YamlValue& value, const std::string& path, FileReading& reading) {
  std::vector<Variable> variables;
  const MappingReader mapping(value, path, reading);
  for (const YamlMember& member : value.members) {
    const std::string inside = child_path(path, member.name);
    if (!check_variable_name(member, inside, reading)) continue;
    if (auto text = read_template_string(member.value, inside, reading))
      variables.push_back({member.name, std::move(*text), inside, member.value.place});
  }
  return variables;
}

void set_variable(Step& step, Variable variable, const std::string& file) {
  const auto there = std::find_if(step.environment.begin(), step.environment.end(),
                                  [&](const Variable& old) { return old.name == variable.name; });
  if (there != step.environment.end()) {
    // What the old value used is not used any more.
    std::erase_if(step.uses, [&](const Step::Use& use) { return use.path == there->path; });
    step.environment.erase(there);
  }
  note_uses(variable.value, file, variable.path, variable.place, step);
  step.environment.push_back(std::move(variable));
}

Pipeline read_pipeline(const YamlDocument& document, const Environment& environment,
                       const std::filesystem::path& base) {
  FileReading reading{document.file, environment, {}, base};
  Pipeline pipeline;
  pipeline.file = document.file;
  MappingReader root(document.root, "", reading);
  if (root.is_mapping()) {
    if (auto name = root.take_required_string("pipeline")) {
      check_name(*name, root.take("pipeline")->value.place, "pipeline", reading);
      pipeline.name = std::move(*name);
    }
    const auto image = root.take_string("image");
    std::optional<SettingsLayer> settings;
    if (const YamlMember* member = root.take("settings"))
      settings = read_settings(member->value, "settings", BareSettings::allowed, reading);
    if (const YamlMember* steps = root.take_required("steps", "a mapping of names to steps")) {
      if (steps->value.kind != YamlValue::Kind::mapping || steps->value.members.empty()) {
        reading.complain(
            steps->value.place, "steps",
            (steps->value.kind == YamlValue::Kind::mapping ? "found none" : "found " + what_it_is(steps->value)) +
                ", expected a mapping of names to steps");
      }
      for (const YamlMember& member : steps->value.members)
        pipeline.steps.push_back(StepReader(member, image, settings, reading).read());
    }
    root.finish();
  }
  if (!reading.findings.empty()) throw BadInput(std::move(reading.findings));
  return pipeline;
}

json::object to_json(const Pipeline& pipeline) {
  json::array steps;
  for (const Step& step : pipeline.steps) steps.push_back(to_json(step));
  return {{"file", pipeline.file}, {"pipeline", pipeline.name}, {"steps", std::move(steps)}};
}

Pipeline pipeline_from_json(const json::object& object) {
  Pipeline pipeline;
  pipeline.file = std::string(object.at("file").as_string());
  pipeline.name = std::string(object.at("pipeline").as_string());
  for (const json::value& step : object.at("steps").as_array())
    pipeline.steps.push_back(step_from_json(step.as_object()));
  return pipeline;
}

}  // namespace stepop::orchestrator
