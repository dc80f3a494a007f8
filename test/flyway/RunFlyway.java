import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.LogManager;
import java.util.stream.Collectors;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.flywaydb.core.api.output.InfoOutput;
import org.flywaydb.core.api.output.ValidateOutput;
import org.flywaydb.core.api.output.ValidateResult;
import org.flywaydb.core.internal.info.MigrationInfoDumper;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/**
 * Runs commands of the real Flyway. One request a line: the command, then options as name=value, all separated by tabs and
 * URL-encoded. One answer a line, as JSON.
 */
public final class RunFlyway {
  public static void main(String[] arguments) throws Exception {
    LogManager.getLogManager().reset();
    var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      System.out.println(json(answer(line.split("\t"))));
      System.out.flush();
    }
  }

  private static Map<String, Object> answer(String[] request) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int index = 1; index < request.length; index++) {
      String option = URLDecoder.decode(request[index], StandardCharsets.UTF_8);
      int equals = option.indexOf('=');
      options.put("flyway." + option.substring(0, equals), option.substring(equals + 1));
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    try {
      run(request[0], configure(options).load(), answer);
      answer.putIfAbsent("error", null);
    } catch (FlywayValidateException failure) {
      answer.put("error", errorOf(failure));
      if (request[0].equals("migrate")) validate(validateAsMigrate(options), answer);
    } catch (FlywayException failure) {
      answer.put("error", errorOf(failure));
    } catch (RuntimeException failure) {
      // The 11 line does not expect every type of row that its paid editions write.
      answer.put("error", Map.of("code", "ERROR", "message", String.valueOf(failure)));
    }
    return answer;
  }

  /** What a migrate validates before it begins: the exception that it throws has a text, but no list. */
  private static ValidateResult validateAsMigrate(Map<String, String> options) {
    String patterns = options.getOrDefault("flyway.ignoreMigrationPatterns", "*:future");
    options.put("flyway.ignoreMigrationPatterns", patterns.isEmpty() ? "*:pending" : patterns + ",*:pending");
    options.put("flyway.skipDefaultCallbacks", "true");
    return configure(options).load().validateWithResult();
  }

  /** The lock's kind is set by hand, since configuring it by name needs libraries that Flyway does not bring along. */
  private static FluentConfiguration configure(Map<String, String> options) {
    Map<String, String> known = new LinkedHashMap<>(options);
    String transactionalLock = known.remove("flyway.postgresql.transactional.lock");
    FluentConfiguration configuration = Flyway.configure().configuration(known);
    if (transactionalLock != null) {
      configuration
          .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
          .setTransactionalLock(Boolean.parseBoolean(transactionalLock));
    }
    return configuration;
  }

  private static void run(String command, Flyway flyway, Map<String, Object> answer) {
    switch (command) {
      case "migrate" -> answer.put("executed", flyway.migrate().migrationsExecuted);
      case "baseline" -> flyway.baseline();
      case "repair" -> flyway.repair();
      case "clean" -> flyway.clean();
      case "validate" -> validate(flyway.validateWithResult(), answer);
      case "info" -> info(flyway, answer);
      default -> throw new IllegalArgumentException(command);
    }
  }

  private static void validate(ValidateResult result, Map<String, Object> answer) {
    List<Object> problems = new ArrayList<>();
    for (ValidateOutput one : result.invalidMigrations) {
      Map<String, Object> problem = new LinkedHashMap<>();
      problem.put("code", String.valueOf(one.errorDetails.errorCode));
      problem.put("version", one.version);
      problem.put("description", one.description);
      problems.add(problem);
    }
    answer.put("valid", result.validationSuccessful);
    answer.put("verdict", result.validationSuccessful ? "ok" : String.valueOf(result.errorDetails.errorCode));
    answer.put("problems", problems);
  }

  private static void info(Flyway flyway, Map<String, Object> answer) {
    MigrationInfo[] all = flyway.info().all();
    List<InfoOutput> outputs = flyway.info().getInfoResult().migrations;
    List<Object> migrations = new ArrayList<>();
    for (int index = 0; index < outputs.size(); index++) {
      InfoOutput output = outputs.get(index);
      Map<String, Object> migration = new LinkedHashMap<>();
      migration.put("category", output.category);
      migration.put("version", output.version);
      migration.put("description", output.description);
      migration.put("type", output.type);
      migration.put("state", output.state);
      migration.put("script", all[index].getScript());
      migration.put("checksum", all[index].getChecksum());
      migrations.add(migration);
    }
    answer.put("migrations", migrations);
    answer.put("table", MigrationInfoDumper.dumpToAsciiTable(all));
  }

  private static Map<String, Object> errorOf(FlywayException failure) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("code", String.valueOf(failure.getErrorCode()));
    error.put("message", failure.getMessage());
    return error;
  }

  private static String json(Object value) {
    if (value == null || value instanceof Boolean || value instanceof Number) return String.valueOf(value);
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof List<?> list) {
      return list.stream().map(RunFlyway::json).collect(Collectors.joining(",", "[", "]"));
    }
    StringBuilder text = new StringBuilder("\"");
    for (char character : value.toString().toCharArray()) {
      if (character < ' ' || character > '~' || character == '"' || character == '\\') {
        text.append(String.format("\\u%04x", (int) character));
      } else {
        text.append(character);
      }
    }
    return text.append('"').toString();
  }
}
